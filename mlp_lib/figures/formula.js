// Formulas: written in the plain text in which a screen reader or a test reads them, "∂J/∂W₁₂⁽¹⁾ =
// 2 · (−1) = −2", and set from it as mathematics that may break before =, +, −.

const MATHML = "http://www.w3.org/1998/Math/MathML";
const SCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁽⁾₀₁₂₃₄₅₆₇₈₉";
const PLAIN = "0123456789−()0123456789";

// A fraction of derivatives; a name, number or closing bracket with its scripts; a space between two of
// them; an operator.
const PART = new RegExp([
  "∂([^\\s/()]+)/∂([^\\s/()]+)",
  "(\\p{L}+|[\\d.]+|[)\\]])([₀-₉]*)([⁰¹²³⁴-⁹⁻⁽⁾]*)",
  "(?<=[\\p{L}\\d₀-₉⁾]) (?=[\\p{L}\\d(∂])",
  "\\S",
].join("|"), "gu");

function tag(name, ...children) {
  const node = document.createElementNS(MATHML, name);
  node.append(...children);
  return node;
}
function thinSpace() {
  const node = tag("mspace");
  node.setAttribute("width", "0.17em");
  return node;
}
const plain = (scripts) => [...scripts].map((c) => PLAIN[SCRIPTS.indexOf(c)]).join("");
const isBracket = (text) => /^[([\])]$/.test(text);
const isDigit = (text) => /^[\d.]/.test(text);

function parts(text) {
  return [...text.matchAll(PART)].map((match) => {
    const [whole, above, below, base, lowered, raised] = match;
    if (above) {
      const derivatives = [above, below].map((name) => tag("mrow", tag("mo", "∂"), ...parts(name)));
      return tag("mfrac", ...derivatives);
    }
    if (whole === " ") return thinSpace();
    if (!base) return operator(whole, text[match.index + 1] === " ");
    const node = baseOf(base);
    const [down, up] = [lowered, raised].map((scripts) => tag("mn", plain(scripts)));
    if (raised && lowered) return tag("msubsup", node, down, up);
    if (raised) return tag("msup", node, up);
    return lowered ? tag("msub", node, down) : node;
  });
}

function baseOf(text) {
  if (isBracket(text)) return operator(text);
  if (text !== "ŷ") return tag(isDigit(text) ? "mn" : "mi", text);
  const hat = tag("mover", tag("mi", "y"), tag("mo", "^")); // fonts have no slanted ŷ
  hat.setAttribute("accent", "true");
  return hat;
}

/** A sign before a space stands between two terms; the others belong to what follows, as in (−2). */
function operator(sign, isBetween) {
  const node = tag("mo", sign);
  if (isBracket(sign)) node.setAttribute("stretchy", "false");
  else node.setAttribute("form", isBetween ? "infix" : "prefix");
  return node;
}

/** Nodes for a line of plain text: `math` elements with places to break between them. */
export function typeset(text) {
  return text.split(/ (?=[=+−←] )/).flatMap((piece, n) => {
    const math = tag("math", ...parts(piece));
    math.setAttribute("displaystyle", "true");
    if (n > 0) math.firstChild.setAttribute("lspace", "0");
    return n > 0 ? [" ", math] : [math];
  });
}
