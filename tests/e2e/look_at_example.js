// Opens the example page in a real browser, posts feedback, and waits until its insight stands on the page.
// usage: node look_at_example.js PAGE-URL API-URL
const { chromium } = require("playwright-core");

const wait = { timeout: 90000 };

async function post(api, feedback) {
  const answer = await fetch(`${api}/v1/feedback?wait=80s`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(feedback),
  });
  return answer.json();
}

(async () => {
  const [page_url, api] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: process.env.CHROMIUM_FLAGS.split(" ") });
  const page = await browser.newPage();
  const complaints = [];
  page.on("pageerror", error => complaints.push(String(error)));
  page.on("console", message => message.type() === "error" && complaints.push(message.text()));
  await page.goto(`${page_url}?api=${encodeURIComponent(api)}`);
  await page.waitForFunction(() => document.getElementById("state").textContent.startsWith("connected"), null, wait);

  // What a customer writes must never become markup.
  const record = await post(api, { text: "I <b>love</b> this &lt;img src=x onerror=alert(1)&gt; kettle, it is great." });
  const item = page.locator(`li[data-id="${record.id}"]`);
  await item.waitFor(wait);
  const text = await item.textContent();
  if (!text.includes("kettle") || !text.includes(record.insight.sentiment.label)) complaints.push(`item says: ${text}`);
  if (await page.locator("li img").count()) complaints.push("the customer's text became markup");

  await browser.close();
  if (complaints.length) throw new Error(complaints.join("\n"));
  console.log("the page shows:", text);
})().catch(error => { console.error(error); process.exit(1); });
