// One key decides and goes on: a key presses what names it with data-key. Nothing else depends on this file.
"use strict";
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea, select");
  if (typing && event.key === "Escape") event.target.blur();
  if (typing || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  const comment = document.getElementById("comment");
  if (event.key === "c" && comment) {
    event.preventDefault();
    comment.focus();
    return;
  }
  const pressed = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (pressed) pressed.click();
});
