// Looks at the dashboard as a person would: node look_at_dashboard.js URL URL_WITH_KEYS FOLDER
// FOLDER/restart asks the caller to stop the server, FOLDER/lost to start it again, FOLDER/restarted says that it did.
"use strict";
const fs = require("fs"), path = require("path");
const { chromium } = require("playwright-core");
const [url, lockedUrl, folder] = process.argv.slice(2);

const LONG_MS = 90000; // how long to wait for a hang; nothing is asserted about time
let failures = 0, checks = 0;
function check(what, good, found) {
  checks++;
  if (good) return;
  failures++;
  console.log(`FAILED: ${what}` + (found === undefined ? "" : `: found ${JSON.stringify(found)}`));
}

async function post(feedback) {
  const response = await fetch(url + "/v1/feedback?wait=30s", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(feedback)});
  return {status: response.status, record: await response.json()};
}

const EVIL = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>` + "L".repeat(150); // one word, wider than a phone
// Each names a topic: whichever of them a digest's window holds, there is something to list.
const FEEDBACK = [
  {text: "I love the scent of this shampoo, it is wonderful and my hair shines.", product: "Florea shampoo", rating: 5},
  {text: "The power bank exploded in my hand while charging and I had to go to the emergency room with burns.", product: "Voltari power bank", rating: 1},
  {text: `Awful customer service, "quoted" & <b>bold</b> ${EVIL}`, product: EVIL, channel: `"><svg onload=window.hacked=1>`, rating: 1},
];

// Every text node's colour against what is painted behind it (WCAG 2.1, 1.4.3: 4.5, large text 3).
function poorContrast() {
  const rgb = text => (text.match(/[\d.]+/g) || []).map((part, i) => Number(part) * (text.startsWith("color(") && i < 3 ? 255 : 1));
  const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const colour = rgb(getComputedStyle(node).backgroundColor);
      if (colour.length && (colour.length < 4 || colour[3] > 0.5)) return colour;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
    if (!own || !node.getClientRects().length || node.closest("script, style, .quiet, .skip, svg, .fresh, dialog:not([open])")) continue;
    const style = getComputedStyle(node), [a, b] = [luminance(rgb(style.color)), luminance(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), large = parseFloat(style.fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5)) bad.push(`${node.tagName}.${node.className} "${node.textContent.slice(0, 30)}" ${ratio.toFixed(2)}`);
  }
  return bad;
}

function unlabelled() {
  return [...document.querySelectorAll("button, select, input, textarea, a[href]")]
    .filter(node => !node.hidden && !(node.labels && node.labels.length) && !node.textContent.trim() && !node.getAttribute("aria-label")).map(node => node.outerHTML);
}

const cards = page => page.locator("#insights > li").count();
const untilCards = (page, count) => page.waitForFunction(wanted => document.querySelectorAll("#insights > li").length === wanted, count, {timeout: LONG_MS});

async function lookAtEmpty(page) {
  await page.locator("#empty").waitFor({timeout: LONG_MS});
  const command = await page.locator("#command").textContent();
  check("the empty page teaches the command for this server", command.includes("curl " + url + "/v1/feedback"), command);
  check("nothing is shown yet", await cards(page) === 0);
}

// A page that nobody answers knows nothing: an empty safety queue would be a claim.
async function lookAtSilence(browser) {
  const page = await browser.newPage();
  await page.route("**/v1/**", route => route.abort());
  await page.goto(url);
  await page.locator("#outage").waitFor({timeout: LONG_MS});
  const text = await page.locator("body").innerText();
  check("a page without an answer says so", text.includes("The server doesn’t answer") && text.includes("Waiting for the server."), text);
  check("and claims nothing of safety", !text.includes("Nothing that a person must read") && /Safety, to be read\s+–/.test(text), text);
  await page.unroute("**/v1/**");
  await page.waitForFunction(() => document.getElementById("outage").hidden, null, {timeout: LONG_MS});
  check("and goes on by itself", (await page.locator("#safety-none").textContent()) === "Nothing that a person must read.");
  await page.close();
}

async function lookAtInsights(page) {
  for (const feedback of FEEDBACK) {
    const {status, record} = await post(feedback);
    check("a post that waits gets its insight", status === 200 && Boolean(record.insight), {status, record});
  }
  await untilCards(page, FEEDBACK.length);
  check("the lesson is gone", await page.locator("#empty").isHidden());
  const texts = await page.locator("#insights").innerText();
  check("the insight shows the customer's words", texts.includes("it is wonderful and my hair shines"), texts);
  check("the newest is first", (await page.locator("#insights > li .words").first().innerText()).includes("Awful customer service"));
  check("the count", await page.locator("#live-count").textContent() === "3");

  const bars = await page.locator("#chart svg g.bar rect[fill]").count();
  check("the sentiment chart has bars", bars >= 1, bars);
  const chart = await page.locator("#chart svg").getAttribute("aria-label");
  check("the chart says in words what it shows", /Sentiment over time: \d+ positive/.test(chart), chart);
  check("the legend counts a positive one", /positive\s*[1-9]/.test(await page.locator("#legend").innerText()));

  const first = page.locator("#safety > li").first();
  await first.waitFor({timeout: LONG_MS});
  const safety = await first.innerText();
  check("the serious report leads the safety queue", safety.includes("exploded") && safety.includes("serious"), safety);
  const order = await page.evaluate(() => {
    const report = (id, more) => ({id, safety: {state: "positive", serious: true, due_at: "2026-01-02T00:00:00Z", received_at: "2026-01-01T00:00:00Z",
      evidence: [{cue: "rash", polarity: "affirmed"}], ...more}});
    return [report("other", {serious: false}), report("model", {evidence: [{cue: "model", polarity: "affirmed"}]}), report("later", {due_at: "2026-01-05T00:00:00Z"}),
      report("words", {due_at: "2026-01-02T00:00:01Z"}), report("death", {seriousness: ["death"], due_at: "2026-01-16T00:00:00Z"})].sort(bySafety).map(({id}) => id).join(" ");
  });
  check("a death leads it, due later or not; of one day what words say goes before what a model read", order === "death words model later other", order);
  check("its words are in their language, and only what was found is marked", await first.locator("p.words[lang=en] mark.cue").count() >= 1 && await first.locator("mark.feeling").count() === 0);
  await first.locator("summary").click();
  check("the whole record is there by keyboard", (await first.locator("pre").textContent()).includes('"safety"'));
  await first.locator("summary").click();
  await page.locator(".skip").first().focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  check("the keyboard needs no way past each insight to reach it", await page.evaluate(() => byId("safety-card").contains(document.activeElement)));
  check("it has a due time", /due|overdue/.test(safety) && await first.locator("time[datetime]").count() === 1, safety);

  await page.waitForFunction(() => {
    const worker = document.querySelector('[data-worker="preprocess"]');
    return worker && /[1-9]\d* done/.test(worker.textContent);
  }, null, {timeout: LONG_MS});
  for (const worker of ["preprocess", "featurize", "segment", "genai", "logsink"])
    await page.locator(`[data-worker="${worker}"]`).waitFor({timeout: LONG_MS});
  check("the backlog of each worker is there", (await page.locator("#workers").innerText()).includes("ingest"));
}

// Windows are of one second here; those in which nothing was said leave what is shown alone.
async function lookAtDigest(page) {
  const shown = await page.waitForFunction(() => {
    const body = document.getElementById("digest-body");
    return !document.getElementById("digest").hidden && body.querySelector("li") && document.getElementById("digest-when").textContent + "\n" + body.innerText;
  }, null, {timeout: LONG_MS});
  const text = await shown.jsonValue();
  check("the digest says of which time it is", /^\d+ \w+.*\d\d:\d\d/.test(text.split("\n")[0]), text);
  check("it is told in words, and by whom", /\d records?, mean feeling[^]*told by rules/.test(text), text);
  check("and what was spoken of most or needed, with counts", /Spoken of most|Needed most/.test(text) && /\d/.test(text.split("\n").slice(1).join("\n")), text);
}

// A product or segment that rises or falls is news, also where no total does.
async function lookAtNews(browser) {
  const page = await browser.newPage();
  await page.goto(url);
  await untilCards(page, 7);
  const dates = await page.evaluate(() => state.records.map(record => record.insight.finished_at));
  const older = await page.evaluate(() => { // as with more insights than cards
    state.cards = 3;
    draw();
    return [document.querySelectorAll("#insights > li").length, byId("show-more").textContent];
  });
  check("older insights are told, and a click away", older.join() === "3,Show older ones (4)", older);
  await page.locator("#show-more").click();
  await untilCards(page, 7);
  check("what is replayed is in order of time", dates.join() === [...dates].sort().join(), dates);
  const undated = await page.evaluate(() => {
    take({id: "came now", insight: {}});
    take({id: "came first", insight: {}, feedback: {received_at: "2001-05-01T08:00:00Z"}});
    return [state.records[0].id, state.records[state.records.length - 1].id];
  });
  check("so is what doesn't say when it was finished", undated.join() === "came first,came now", undated);
  const text = await page.evaluate(() => {
    keepDigest({digest: {since: "2098-05-01T08:00:00Z", until: "2098-05-01T09:00:00Z", records: 200, needs: [
      {kind: "feature_request", text: "a handle", records: 3}, {kind: "question", text: "a handle", records: 3}, {kind: "problem_report", text: "again", records: 1}], rows: [
      {side: "product", name: "Kelvo kettle", records: 66, usual_records: 8, windows: 13, findings: ["rising"]},
      {side: "segment", name: "4", records: 0, usual_records: 12, windows: 13, findings: ["falling"]}]}});
    return document.getElementById("digest").innerText;
  });
  check("a product that rises is told", /Kelvo kettle\s+66 ↑/.test(text), text);
  check("and a segment that falls", /segment 4\s+0 ↓/.test(text), text);
  check("a need is told once, with its kinds", /a handle\s+3\s+feature request, question/.test(text) && text.match(/a handle/g).length === 1, text);
  check("and not what one alone asks for", !/again/.test(text), text);
  check("of which time, its day but once", /1 May, 0?\d+:\d\d\D+\d+:\d\d\b/.test(text) && text.match(/May/g).length === 1, text);
  await page.close();
}

// What is replayed to a page that opens later came before the last minute.
async function lookAtRate(browser) {
  const page = await browser.newPage();
  await page.addInitScript(() => { const now = Date.now.bind(Date); Date.now = () => now() + 600000; });
  await page.goto(url);
  await untilCards(page, 7);
  const text = (await page.locator("#tile-insights").innerText()).replace(/\s+/g, " ");
  check("the last minute doesn't count what is replayed", /\b0 in the last minute/.test(text), text);
  await page.close();
}

async function lookAtHostility(page) {
  const evil = page.locator("#insights > li").first();
  check("a hostile product is shown as the text that it is", (await evil.locator("b").first().textContent()) === EVIL, await evil.locator("b").first().textContent());
  await evil.locator("summary").click();
  check("the record opens as JSON", (await evil.locator("pre").textContent()).includes('"insight"'));
  await page.locator("#filter-product").selectOption(EVIL);
  await untilCards(page, 1);
  await page.locator("#clear").click();
  await untilCards(page, 3);
  check("nothing hostile ran", await page.evaluate(() => window.hacked) === undefined);
  check("nothing hostile became an element", await page.locator("main img, main script, main svg[onload], #insights b b").count() === 0);
}

async function lookAtFilters(page) {
  await page.locator("#filter-product").selectOption("Florea shampoo");
  await untilCards(page, 1);
  check("the filter says what it does", (await page.locator("#filtered").textContent()) === "1 of 3 insights");
  await page.locator("#filter-sentiment").selectOption("negative");
  await untilCards(page, 0);
  check("no match is said", (await page.locator("#live-none").textContent()) === "Nothing matches the filters.");
  await page.locator("#clear").click();
  await page.locator("#filter-words").fill("ÉXPLODED");
  await untilCards(page, 1);
  check("words are found whatever their capitals and accents", (await page.locator("#insights .words").innerText()).includes("exploded"));
  await page.locator("#clear").click();
  await untilCards(page, 3);
}

async function lookAtPause(page) {
  await page.locator("#pause").click();
  check("the pause is told", (await page.locator("#connection").innerText()) === "Paused");
  await post({text: "Sent while the page was paused, terrible.", product: "Pause"});
  await page.locator("#held").waitFor({timeout: LONG_MS});
  check("what came is counted, not shown", (await page.locator("#held").textContent()).startsWith("1 new") && await cards(page) === 3);
  await page.locator("#pause").click();
  await untilCards(page, 4);
}

async function lookAtRestart(page) {
  fs.writeFileSync(path.join(folder, "restart"), "");
  await page.waitForFunction(() => document.getElementById("connection").dataset.state === "lost", null, {timeout: LONG_MS});
  await page.locator("#outage").waitFor({timeout: LONG_MS});
  check("an outage says since when", /No answer from the server since \d\d:\d\d/.test(await page.locator("#outage").innerText()));
  fs.writeFileSync(path.join(folder, "lost"), ""); // it stays so until the server is there again
  for (let i = 0; !fs.existsSync(path.join(folder, "restarted")); i++) {
    if (i > 1800) throw new Error("the server was not restarted");
    await page.waitForTimeout(100);
  }
  await post({text: "Said right after the restart, a lovely surprise.", product: "Restart"});
  await post({text: "And one more after it, broken on arrival.", product: "Restart"});
  await page.waitForFunction(() => document.getElementById("connection").dataset.state === "live", null, {timeout: LONG_MS});
  await untilCards(page, 6);
  const ids = await page.locator("#insights > li").evaluateAll(nodes => nodes.map(node => node.dataset.id));
  check("each insight is shown once, over a restart", new Set(ids).size === 6 && ids.length === 6, ids);
}

async function lookAtPosting(page) {
  await page.locator("#say").click();
  await page.locator("#say-text").fill("  ");
  await page.locator("#say-form button[type=submit]").click();
  await page.waitForFunction(() => document.getElementById("say-said").textContent, null, {timeout: LONG_MS});
  check("a refused post says which field", (await page.locator("#say-said").textContent()).includes("/text"), await page.locator("#say-said").textContent());
  await page.locator("#say-text").fill("Posted from the page itself, works a treat.");
  await page.locator("#say-form button[type=submit]").click();
  await untilCards(page, 7);
}

async function lookAtKeys(browser) {
  const page = await browser.newPage();
  await page.goto(lockedUrl);
  await page.locator("#key-dialog[open]").waitFor({timeout: LONG_MS});
  for (const [key, said] of [["reader.wrong", "not valid"], ["writer.secret-w", "may not read"]]) {
    await page.locator("#key").fill(key);
    await page.locator("#key-form button").click();
    await page.waitForFunction(text => document.getElementById("key-said").textContent.includes(text), said, {timeout: LONG_MS});
  }
  await page.locator("#key").fill("reader.secret-r");
  await page.locator("#key-form button").click();
  await page.waitForFunction(() => document.getElementById("connection").dataset.state === "live", null, {timeout: LONG_MS});
  check("the dialog is gone with a good key", await page.locator("#key-dialog[open]").count() === 0);
  await page.close();
}

async function lookAtForms(browser) {
  for (const [name, options] of Object.entries({
    light: {viewport: {width: 1280, height: 900}, colorScheme: "light"}, dark: {viewport: {width: 1280, height: 900}, colorScheme: "dark"},
    phone: {viewport: {width: 360, height: 740}, colorScheme: "light"}, still: {viewport: {width: 1280, height: 900}, reducedMotion: "reduce"}})) {
    const page = await (await browser.newContext(options)).newPage();
    await page.goto(url);
    await untilCards(page, 7);
    check(`${name}: nothing is wider than the screen`, await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    const poor = await page.evaluate(poorContrast);
    check(`${name}: contrast`, poor.length === 0, poor);
    const bare = await page.evaluate(unlabelled);
    check(`${name}: every control has a name`, bare.length === 0, bare);
    const moving = await page.evaluate(() => document.getAnimations().length);
    if (name === "still") check("nothing moves for those who don't want it", moving === 0, moving);
    check(`${name}: landmarks`, await page.locator("body > header").count() === 1 && await page.locator("main").count() === 1 && await page.locator("h1").count() === 1);
    await page.context().close();
  }
}

(async () => {
  const browser = await chromium.launch({executablePath: process.env.CHROMIUM, args: process.env.CHROMIUM_FLAGS.split(" ")});
  const page = await browser.newPage({viewport: {width: 1280, height: 900}});
  const foreign = [], errors = [];
  page.on("request", request => { if (!request.url().startsWith(url) && !request.url().startsWith("data:")) foreign.push(request.url()); });
  page.on("console", message => { if (message.type() === "error" && !message.text().includes("Failed to load resource") && !message.text().includes("net::ERR")) errors.push(message.text()); });
  page.on("pageerror", error => errors.push(error.message));
  await page.goto(url);
  await lookAtEmpty(page);
  await lookAtSilence(browser);
  await lookAtInsights(page);
  await lookAtDigest(page);
  await lookAtHostility(page);
  await lookAtFilters(page);
  await lookAtPause(page);
  await lookAtRestart(page);
  await lookAtPosting(page);
  check("no request leaves for anybody else", foreign.length === 0, foreign);
  check("no error, and no breach of the content security policy", errors.length === 0, errors);
  await lookAtNews(browser);
  await lookAtRate(browser);
  await lookAtForms(browser);
  await lookAtKeys(browser);
  await browser.close();
  console.log(`all looked at: ${checks} checks, ${failures} failed`);
  process.exit(failures ? 1 : 0);
})().catch(error => {
  console.log("FAILED:", error.message);
  process.exit(1);
});
