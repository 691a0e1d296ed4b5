// Names for those who hear the page: the theme has buttons whose name is not what they say, or that have none.
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll(".search-button-field")) {
    button.setAttribute("aria-label", button.textContent.trim().replace(/\s+/g, " ") || "Search");
  }
  for (const summary of document.querySelectorAll(".bd-sidenav details > summary")) {
    const link = summary.closest("li").querySelector("a");
    summary.setAttribute("aria-label", `Pages below ${link.textContent.trim()}`);
  }
  for (const summary of document.querySelectorAll(".cell details > summary[aria-label]")) {
    summary.removeAttribute("aria-label");
  }
});
