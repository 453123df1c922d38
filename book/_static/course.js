// The theme gives the arrows that unfold the contents no name; a screen reader would say "button" only.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("summary:has(> .toctree-toggle)").forEach((arrow) => {
    const title = arrow.closest("li").querySelector("a").textContent.trim();
    arrow.setAttribute("aria-label", `Pages below ${title}`);
  });
});
