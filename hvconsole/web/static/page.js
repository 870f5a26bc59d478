document.getElementById("again").addEventListener("click", () => window.location.reload());

// The terminal takes keys without a click first.
new MutationObserver((_, observer) => {
  const keys = document.querySelector(".xterm-helper-textarea");
  if (keys && document.body.classList.contains("-first-byte")) {
    keys.focus();
    observer.disconnect();
  }
}).observe(document.documentElement, { attributes: true, childList: true, subtree: true });

// A picture may be ready long after the key for it was pressed; browsers block a window then.
const open = window.open;
window.open = (address, ...more) => {
  if (!String(address).startsWith(`${window.location.origin}/download/`)) {
    return open.call(window, address, ...more);
  }
  const link = document.createElement("a");
  link.href = address;
  link.download = "";
  document.body.append(link);
  link.click();
  link.remove();
  return null;
};
