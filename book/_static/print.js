// On paper nothing can be unfolded: open all folded code and solutions before printing.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
