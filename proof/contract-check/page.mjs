// This script opens a page and each given route of the page in headless Chromium.
// It prints a JSON object with the title, the main heading, the empty images, the routes
// whose heading is missing, the errors, and the network requests.
//
// Usage: node page.mjs FOLDER-OF-NODE-MODULES CHROMIUM PAGE SCREENSHOT ROUTE=HEADING...
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, executablePath, page, screenshot, ...routes] = process.argv.slice(2);
const { chromium } = createRequire(resolve(modules, 'page.mjs'))('playwright-core');

// Chromium cannot use its own sandbox as root. Most of the other flags prevent background
// requests.
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
const seen = { title: '', heading: '', empty: [], missing: [], errors: [], requests: [] };
try {
  const tab = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  tab.setDefaultTimeout(120_000); // long enough for a busy machine
  tab.on('console', (message) => message.type() === 'error' && seen.errors.push(message.text()));
  tab.on('pageerror', (error) => seen.errors.push(error.message));
  tab.on('request', (request) => /^(https?|wss?):/.test(request.url()) && seen.requests.push(request.url()));
  const address = pathToFileURL(page).href;
  await tab.goto(address);
  seen.title = await tab.title();
  await tab.waitForSelector('h1');
  seen.heading = await tab.evaluate(() => document.querySelector('h1').innerText);
  seen.empty = await tab.evaluate(() => [...document.images].filter((image) => image.naturalWidth < 2)
    .map((image) => 'an empty image: ' + (image.alt || image.src)));
  for (const [route, heading] of routes.map((pair) => pair.split('='))) {
    await tab.goto(address + route);
    // The menu always contains the names of all operations. Only the heading of the
    // operation that the page shows is followed by the button "Copy", so the script waits
    // for both.
    await tab.waitForFunction((text) => document.body.innerText.includes(text), `\n${heading}\nCopy\n`, { timeout: 30000 })
      .catch(() => seen.missing.push(route));
  }
  await tab.waitForTimeout(500); // wait for the end of the menu's animation
  await tab.screenshot({ path: screenshot });
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
