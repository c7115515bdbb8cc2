// Paper is white, and nothing on it can be unfolded: print in the light theme with all folded code
// and answers open. Afterwards the page is as it was.
addEventListener("beforeprint", () => {
  const { dataset } = document.documentElement;
  const { theme } = dataset;
  const folded = document.querySelectorAll("details:not([open])");
  dataset.theme = "light";
  for (const details of folded) details.open = true;
  addEventListener("afterprint", () => {
    dataset.theme = theme;
    for (const details of folded) details.open = false;
  }, { once: true });
});
