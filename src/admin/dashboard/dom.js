// Building and renewing elements. Whatever is data goes into text, never into markup.
export const by_id = (id) => document.getElementById(id);

// `testid`, `label` (for those who don't see) and `kind` (its class) are all that ours ever need.
export function element(tag, {testid, label, kind, text} = {}, ...children) {
  const made = document.createElement(tag);
  if (testid) made.dataset.testid = testid;
  if (label) made.setAttribute("aria-label", label);
  if (kind) made.className = kind;
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

// What does not change is not touched: neither a selection nor a reader of the screen is disturbed.
// `value` is the number behind the text, for programs that look at the page.
export function write(node, text, value) {
  if (node.textContent !== text) node.textContent = text;
  if (value !== undefined) mark(node, "value", Number.isNaN(value) ? "" : value);
}

export function mark(node, name, value) {
  if (value === undefined || value === "") delete node.dataset[name];
  else if (node.dataset[name] !== String(value)) node.dataset[name] = value;
}

// One child per item, known by its key: those that stay are the same elements as before.
export function keep_children(parent, items, key_of, make, renew) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map((item) => {
    const key = String(key_of(item));
    const child = before.get(key) ?? make(item);
    before.delete(key);
    child.dataset.key = key;
    renew(child, item);
    return child;
  });
  for (const child of before.values()) child.remove();
  wanted.forEach((child, i) => {
    if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
  });
}

// Says something to those who don't see the page, once.
export function announce(text) {
  by_id("announcer").textContent = text;
}
