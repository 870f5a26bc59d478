document.getElementById("again").addEventListener("click", () => window.location.reload());

// The terminal takes keys without a click first, and goes on to after a click beside it.
const takeKeys = () => {
  const keys = document.querySelector(".xterm-helper-textarea");
  const open = document.body.classList.contains("-first-byte");
  if (!keys || !open || document.body.classList.contains("-closed")) {
    return false;
  }
  keys.focus();
  return true;
};
new MutationObserver((_, observer) => {
  if (takeKeys()) {
    observer.disconnect();
  }
}).observe(document.documentElement, { attributes: true, childList: true, subtree: true });
document.addEventListener("mouseup", takeKeys);
window.addEventListener("focus", takeKeys);

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
