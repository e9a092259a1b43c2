// One key decides and goes on: a key presses what names it with data-key. Nothing else depends on this file.
"use strict";
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=radio], [type=checkbox]), textarea, select");
  if (typing && event.key === "Escape") event.target.blur();
  if (typing || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  const pressed = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!pressed) return;
  event.preventDefault();
  if (pressed.matches("input:not([type=checkbox])")) pressed.focus();
  else if (pressed.dataset.steps) step(pressed.dataset.steps);
  else pressed.click();
});

// The next choice of a group, and the first behind the last.
function step(name) {
  const choices = [...document.getElementsByName(name)];
  const place = choices.findIndex((choice) => choice.checked);
  choices[(place + 1) % choices.length].click();
}
