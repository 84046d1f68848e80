// The home page and the chat, used by two people in two windows.
import {report} from "./report.mjs";

const sizes = {phone: {width: 390, height: 844}, desktop: {width: 1280, height: 800}};
const seconds = 1000;

export async function chat_rows(browser, plan) {
  const errors = [];

  // A window of its own: nothing is shared with other people.
  async function window_of(size = "desktop", colorScheme = "light") {
    const context = await browser.newContext(
        {ignoreHTTPSErrors: true, viewport: sizes[size], colorScheme});
    const page = await context.newPage();
    page.setDefaultTimeout(10 * seconds);
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (said) => said.type() === "error" && errors.push(said.text()));
    return page;
  }

  async function join(page, room, name) {
    await page.goto(`${plan.url}/chat?room=${encodeURIComponent(room)}`);
    const field = page.getByTestId("chat-room");
    const shown = await field.inputValue();
    if (shown !== room) throw new Error(`the room is ${shown}`);
    await page.getByTestId("chat-name").fill(name);
    await page.getByTestId("chat-join").click();
    await page.getByTestId("chat-input").waitFor();
    return page;
  }

  async function says(page, text) {
    await page.getByTestId("chat-input").fill(text);
    await page.getByTestId("chat-send").click();
  }

  const hears = (page, text) => page.getByTestId("chat-log").getByText(text).first().waitFor();
  const room = `tea & cake ${plan.transport}`;
  const alice = await window_of(), bob = await window_of("phone", "dark"), eve = await window_of();

  await report("the home page leads to the chat", async () => {
    await alice.goto(plan.url + "/");
    await alice.locator("a[href$='/chat'], a[href$='/chat/']").first().click();
    await alice.getByTestId("chat-join").waitFor();
    return new URL(alice.url()).pathname;
  });

  await report("two people talk in the chat", async () => {
    await join(alice, room, "Alice");
    await join(bob, room, "Bob");
    await hears(alice, "Bob");
    await says(alice, "A cup of tea, Bob? ☕");
    await hears(bob, "A cup of tea, Bob? ☕");
    await says(bob, "<b>Yes</b> & a biscuit.");
    await hears(alice, "<b>Yes</b> & a biscuit.");
    await hears(bob, "<b>Yes</b> & a biscuit.");
    return "heard";
  });

  await report("other rooms hear nothing", async () => {
    await join(eve, `${room} elsewhere`, "Eve");
    await says(alice, "This is between us.");
    await hears(bob, "This is between us.");
    await says(eve, "Is anybody here?");
    await hears(eve, "Is anybody here?");
    const heard = await eve.getByTestId("chat-log").innerText();
    if (heard.includes("between us")) throw new Error(heard);
    return "nothing";
  });

  await report("pages have no errors and fit every screen", async () => {
    for (const size of Object.keys(sizes)) {
      for (const scheme of ["light", "dark"]) {
        const page = await window_of(size, scheme);
        const shot = (name) => plan.transport === "tcp" && page.screenshot(
            {path: `${plan.screenshots}/${name}-${size}-${scheme}.png`});
        await page.goto(plan.url + "/");
        await fits(page);
        await shot("home");
        await page.goto(plan.url + "/chat");
        await fits(page);
        await shot("chat-entrance");
        await join(page, room, `Visitor ${size} ${scheme}`);
        await says(page, "A rather long sentence to see how lines wrap: " + "word ".repeat(40));
        await hears(page, "A rather long sentence");
        await says(alice, `Hello, ${size} in the ${scheme}!`);
        await hears(page, `Hello, ${size} in the ${scheme}!`);
        await fits(page);
        await shot("chat-room");
        const button = page.getByTestId("chat-people-button");
        if (await button.isVisible()) await button.click();
        await page.getByTestId("chat-people").getByText("Alice").waitFor();
        await fits(page);
        await shot("chat-people");
        await page.context().close();
      }
    }
    if (errors.length > 0) throw new Error(errors.join("; "));
    return "2 sizes, 2 colour schemes";
  });

  await report("who leaves the chat is told to the others", async () => {
    await bob.context().close();
    await hears(alice, "Bob left");
    return "told";
  });
}

async function fits(page) {
  const [wide, window] = await page.evaluate(
      () => [document.documentElement.scrollWidth, globalThis.innerWidth]);
  if (wide > window) throw new Error(`${page.url()} is ${wide} wide in a window of ${window}`);
}
