// The theme gives the arrows that unfold the contents no name; a screen reader would say "button" only.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("summary:has(> .toctree-toggle)").forEach((arrow) => {
    const title = arrow.closest("li").querySelector("a").textContent.trim();
    arrow.setAttribute("aria-label", `Pages below ${title}`);
  });
});

// What is wider than a telephone is moved sideways, by the keyboard too; a fading edge says that there is more.
function showWhatIsMore(box) {
  const wider = box.scrollWidth > box.clientWidth + 1;
  if (wider) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
  const more = wider && box.scrollLeft + box.clientWidth < box.scrollWidth - 1;
  box.classList.toggle("more-to-the-right", more);
}
window.addEventListener("load", () => {
  const sizes = new ResizeObserver((changes) => changes.forEach((change) => showWhatIsMore(change.target)));
  document.querySelectorAll(".cell_output, .bd-article p:has(> img), .pst-scrollable-table-container").forEach((box) => {
    box.onscroll = () => showWhatIsMore(box);
    sizes.observe(box);
  });
});
