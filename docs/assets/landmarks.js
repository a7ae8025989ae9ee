// The theme makes a landmark of each code block's buttons; names keep them apart.
const buttons = () => document.querySelectorAll("nav.md-code__nav:not([aria-label])");
new MutationObserver(() => buttons().forEach(nav => nav.setAttribute("aria-label", nav.parentElement.id)))
  .observe(document.body, { childList: true, subtree: true });
