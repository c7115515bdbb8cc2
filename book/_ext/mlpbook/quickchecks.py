"""Quick checks: a question whose options answer as soon as they are chosen, without a kernel.

In the notebook a quick check is an admonition of the class `quick-check`: the question, a numbered
list of options, and a folded admonition with one answer for each option, in the same order.
JupyterLab shows just that. On the page each option becomes a `<details>` with its answer inside,
which a browser opens by mouse and keyboard, with JavaScript or without.
"""

from docutils import nodes

from .numbers import warn

VERDICTS = {"Right.": "right", "No.": "wrong"}  # how an answer begins


class Option(nodes.General, nodes.Element):
    """`<details>`: a `Choice` and what is said when it is opened."""


class Choice(nodes.General, nodes.Element):
    """`<summary>`: the option's text."""


def answers_of(check):
    """Return the options and the answers of a quick check, a list each; take both out of it."""
    options = next(iter(child for child in check if isinstance(child, nodes.enumerated_list)), None)
    folded = next(iter(child for child in check if isinstance(child, nodes.Admonition)), None)
    answers = folded.next_node(nodes.enumerated_list) if folded is not None else None
    lists = (options, answers)
    for part in (options, folded):
        if part is not None:
            check.remove(part)
    return [list(one) if one is not None else [] for one in lists]


def verdict(answer):
    """Return "right" or "wrong", or None where the answer begins with neither word."""
    return VERDICTS.get(answer.astext().split()[0])


def make_options(app, doctree):
    """Put every answer into its option, and warn where they do not fit together."""
    for check in list(doctree.findall(nodes.admonition)):
        if "quick-check" not in check["classes"]:
            continue
        options, answers = answers_of(check)
        verdicts = [verdict(answer) for answer in answers]
        if len(options) != len(answers) or None in verdicts or verdicts.count("right") != 1:
            warn(
                "a quick check needs one answer for each option, each beginning with `Right.` or"
                " `No.`, and one of them right; found %d options and the answers %s",
                len(options),
                verdicts,
                location=check,
            )
            continue
        for number, option in enumerate(options, start=1):
            answer, kind = answers[number - 1], verdicts[number - 1]
            said = nodes.container("", *answer.children)
            # For screen readers: a button whose text is one formula would have no name.
            name = nodes.inline("", f"Option {number}: ", classes=["visually-hidden"])
            choice = Choice("", name, *option.children)
            check += Option("", choice, said, classes=[kind])


def setup(app):
    """Register the two kinds of node, and connect the step."""
    for node, tag in ((Option, "details"), (Choice, "summary")):
        app.add_node(
            node,
            html=(
                lambda self, node, tag=tag: self.body.append(self.starttag(node, tag)),
                lambda self, node, tag=tag: self.body.append(f"</{tag}>\n"),
            ),
        )
    app.connect("doctree-read", make_options)
