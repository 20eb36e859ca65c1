// Opens a page in Chromium and prints what it shows, as JSON: {"state": ..., "messages": [...]}.
//
// node browser.mjs CHROMIUM PROFILE PIN URL COUNT: PROFILE is a new folder, PIN the public key of a
// certificate to accept although no authority of the browser signed it, COUNT how many messages to
// wait for.

import { chromium } from "playwright-core";

const [executablePath, profile, pin, url, count] = process.argv.slice(2);
const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    `--ignore-certificate-errors-spki-list=${pin}`,
  ],
});
try {
  const page = await context.newPage();
  await page.goto(url);
  const ended = ([wanted]) =>
    document.querySelectorAll("#messages li").length >= wanted ||
    document.getElementById("state").textContent.startsWith("error");
  await page.waitForFunction(ended, [Number(count)], { timeout: 30_000 });
  const messages = await page.locator("#messages li").allTextContents();
  const state = await page.locator("#state").textContent();
  console.log(JSON.stringify({ state, messages }));
} finally {
  await context.close();
}
