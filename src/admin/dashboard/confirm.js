// The one dialog: are you sure? Escape and Cancel mean no, and the focus returns to where it was.
import {by_id} from "./dom.js";

const dialog = by_id("confirm");

// `content` are texts and elements; `testid` is the name of the button that means yes.
export function confirmed({title, content, yes, testid}) {
  by_id("confirm-title").textContent = title;
  by_id("confirm-text").replaceChildren(...content);
  const button = by_id("confirm-yes");
  button.textContent = yes;
  button.dataset.testid = testid;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), {once: true});
  });
}
