/* Makes pages live and adds keys. */
"use strict";
(() => {
const $ = (query, from) => (from || document).querySelector(query);
const all = (query, from) => [...(from || document).querySelectorAll(query)];
const byId = id => document.getElementById(id);
const root = document.body.dataset.root;

/* The server's time. */
const clock = $("#clock");
const skew = Date.parse(clock.dateTime) - Date.now();
const now = () => Date.now() + skew;
const face = new Intl.DateTimeFormat("en-GB", {timeZone: clock.dataset.zone, timeStyle: "medium"});

function span(seconds) {
  if (seconds < 9.95 && seconds % 1) return Math.max(seconds, 0.1).toFixed(1) + "s";
  let rest = Math.round(seconds);
  const words = [];
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]]) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count) words.push(count + unit);
    else if (words.length) break;
    if (words.length === 2) break;
  }
  return words.join(" ") || "0s";
}

function tick() {
  const at = now();
  $("#hms").textContent = face.format(at);
  for (const time of all("time[data-next]")) {
    const ahead = Math.round((Date.parse(time.dateTime) - at) / 1000);
    put(time, ahead > 0 ? "in " + span(ahead) : "now");
  }
  for (const time of all("time[data-past]")) {
    const ago = Math.round((at - Date.parse(time.dateTime)) / 1000);
    put(time, ago > 0 ? span(ago) + " ago" : "now");
  }
  for (const time of all("time[data-since]")) {
    put(time, span(Math.max(0, Math.round((at - Date.parse(time.dateTime)) / 1000))));
  }
  for (const bar of all("progress[data-from]")) bar.value = (at - Date.parse(bar.dataset.from)) / 1000;
}
function put(element, text) { if (element.textContent !== text) element.textContent = text; }
setInterval(() => document.hidden || tick(), 1000);

/* Parts of the page, by id. */
let loading = false, again = null;
const stale = new Set();

async function refresh(rows) {
  if (loading) { again = rows === null || again === null ? null : [...new Set([...(again || []), ...rows])]; return; }
  loading = true;
  again = undefined;
  try {
    const url = new URL(location.href);
    url.hash = "";
    if (rows) url.searchParams.set("rows", rows.join(","));
    url.searchParams.delete("done");
    const answer = await fetch(url, {headers: {accept: "text/html"}});
    if (answer.redirected && answer.url.includes("/login")) { location.reload(); return; }
    if (!answer.ok) throw new Error(answer.status);
    replace(new DOMParser().parseFromString(await answer.text(), "text/html"), rows);
    say("");
  } catch (error) {
    lost();
  } finally {
    loading = false;
    if (again !== undefined) { const next = again; again = undefined; refresh(next); }
  }
}

function replace(fresh, rows) {
  for (const part of all("[data-live][id]", fresh)) {
    const old = byId(part.id);
    if (!old || old.outerHTML === part.outerHTML || busy(old)) continue;
    const key = focusKey(old);
    old.replaceWith(part);
    watch(part);
    if (key >= 0) focusAgain(part, key);
    if (part.id === here) part.classList.add("at");
  }
  if (rows === null) rowsAfterReload(fresh);
  document.title = fresh.title;
  $("link[rel=icon]").href = $("link[rel=icon]", fresh).getAttribute("href");
  filter();
  tick();
}

/* A reload adds and removes rows; the others keep their place below the pointer. */
function rowsAfterReload(fresh) {
  const body = $("#jobs tbody"), other = $("#jobs tbody", fresh);
  if (!body || !other) { if (!body !== !other) location.reload(); return; }
  for (const row of [...body.rows]) if (!fresh.getElementById(row.id)) row.remove();
  for (const row of [...other.rows]) if (!byId(row.id)) { body.append(row); watch(row); }
}

/* What somebody is using now is left alone. */
function busy(part) {
  const active = document.activeElement;
  return $("details[open]", part) || (part.contains(active) && active.matches("input, textarea"));
}
function focusKey(part) {
  const active = document.activeElement;
  return part.contains(active) ? all("a, button, summary", part).indexOf(active) : -1;
}
function focusAgain(part, index) {
  const found = all("a, button, summary", part);
  const target = found[Math.min(index, found.length - 1)];
  if (target) target.focus({preventScroll: true});
}
function lost() { say("schedd does not answer; shown as of " + face.format(now())); }
function say(text) { put($("#state"), text); }

/* Far rows, when they come into view. */
const seen = new Set();
let asking = 0;
const observer = new IntersectionObserver(entries => {
  for (const {target, isIntersecting} of entries) {
    if (isIntersecting) seen.add(target.id); else seen.delete(target.id);
    if (isIntersecting && (stale.has(target.id) || $("[data-strip]", target))) { stale.add(target.id); ask(); }
  }
}, {rootMargin: "200px"});
function ask() {
  asking = asking || setTimeout(() => {
    asking = 0;
    const rows = [...stale].filter(id => seen.has(id)).slice(0, 100);
    rows.forEach(id => stale.delete(id));
    if (rows.length) refresh(rows.map(id => id.slice(4)));
  }, 60);
}
function watch(part) {
  if (part.id.startsWith("job-")) observer.observe(part);
  for (const row of all("tr[data-live]", part)) observer.observe(row);
}
watch(document.body);

/* The stream: one per tab, closed while it is hidden; polling where the server has no more of them. */
let source = null, polling = 0, opened = false;
const runOutput = $("#out[data-run]");

function changed({jobs, all: everything}) {
  if (!$("#jobs")) {
    const mine = decodeURIComponent(location.pathname);
    if (everything || $("[data-run]") || jobs.some(job => mine.endsWith("/jobs/" + job))) refresh([]);
    return;
  }
  if (everything) { refresh(null); return; }
  jobs.forEach(job => stale.add("job-" + job));
  const rows = [...stale].filter(id => seen.has(id));
  rows.forEach(id => stale.delete(id));
  refresh(rows.map(id => id.slice(4)));
}

function open() {
  if (!document.body.dataset.stream || source) return;
  source = new EventSource(document.body.dataset.stream);
  source.addEventListener("change", event => changed(JSON.parse(event.data)));
  source.onopen = () => { opened = true; clearInterval(polling); polling = 0; say(""); };
  source.onerror = () => {
    if (source && source.readyState === EventSource.CLOSED) { source = null; setTimeout(open, 5000 + 5000 * Math.random()); }
    if (opened) lost();
    polling = polling || setInterval(poll, 10000);
  };
}
function close() {
  if (source) source.close();
  source = null;
  clearInterval(polling);
  polling = 0;
}
function poll() { if (!document.hidden) refresh($("#jobs") ? [...seen].map(id => id.slice(4)) : []); }
document.addEventListener("visibilitychange", () => {
  if (document.hidden) { close(); if (follower) pauseOutput(); return; }
  if (document.body.dataset.stream) poll();
  open();
  if (follower === false) followOutput();
});
addEventListener("pagehide", close);
addEventListener("pageshow", event => { if (event.persisted) poll(); open(); });
setInterval(() => document.hidden || !$("#timeline") || refresh([]), 30000);

/* Output of a live run. */
let follower = null;
const decoders = {};
let partial = {};

function followOutput() {
  const id = runOutput.dataset.run;
  follower = new EventSource(`${root}/api/v1/runs/${id}/output?follow=true`);
  follower.addEventListener("started", () => { $("#out ol").replaceChildren(); partial = {}; });
  follower.addEventListener("output", event => {
    const {stream, data} = JSON.parse(event.data);
    const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
    const decoder = decoders[stream] = decoders[stream] || new TextDecoder();
    const lines = ((partial[stream] || "") + decoder.decode(bytes, {stream: true})).split("\n");
    partial[stream] = lines.pop();
    write(stream, lines);
  });
  follower.addEventListener("lost", event => write("stdout", [`[${JSON.parse(event.data).size} bytes are missing here]`]));
  follower.addEventListener("finished", () => {
    for (const stream in partial) if (partial[stream]) write(stream, [partial[stream]]);
    follower.close();
    follower = null;
    const following = $("#following");
    if (following) following.remove();
    refresh([]);
  });
  follower.onerror = () => follower && follower.readyState === EventSource.CLOSED && setTimeout(() => refresh([]), 1000);
  marked("1");
}
function pauseOutput() { if (follower) { follower.close(); follower = false; } }
const MOST_LINES = 5000;
function write(stream, lines) {
  const list = $("#out ol"), box = $("#out"), wanted = box.dataset.stream;
  if (wanted !== "all" && wanted !== stream) return;
  const atEnd = box.scrollTop + box.clientHeight > box.scrollHeight - 40;
  for (const line of lines) {
    const item = document.createElement("li"), name = document.createElement("i"), text = document.createElement("span");
    if (stream === "stderr") item.className = "e";
    name.textContent = stream === "stderr" ? "err" : "out";
    text.textContent = plain(line);
    item.append(name, text);
    list.append(item);
  }
  while (list.childElementCount > MOST_LINES) list.firstChild.remove();
  put($("#amount"), `${list.childElementCount} lines · the last 64 KiB of a run are kept`);
  if (atEnd) box.scrollTop = box.scrollHeight;
}
function plain(line) {
  return line.replace(/^.*\r(?!$)/, "").replace(/\r$/, "")
    .replace(/\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g, "")
    .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]/g, "\ufffd");
}
function marked(follow) {
  for (const link of all("#following a")) {
    if (link.dataset.follow === follow) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
  }
}
if (runOutput) {
  $("#following").addEventListener("click", event => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    if (link.dataset.follow === "1" && !follower) followOutput();
    if (link.dataset.follow === "0" && follower) { follower.close(); follower = null; marked("0"); }
  });
  if (!document.hidden) followOutput();
}
const copy = $("#copy");
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(all("#out li span").map(span => span.textContent).join("\n") + "\n");
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy"; }, 2000);
  });
}

/* Filter the rows that the page has. */
const field = $("#q");
function filter() {
  if (!field || !$("#jobs")) return;
  const words = field.value.trim().toLowerCase();
  let shown = 0;
  for (const row of $("#jobs tbody").rows) {
    row.hidden = !row.dataset.text.includes(words);
    shown += !row.hidden;
  }
  byId("none").hidden = shown;
  const count = $("#counts b"), total = count.dataset.all ||= count.textContent;
  put(count, shown < $("#jobs tbody").rows.length ? `${shown} of ${total}` : total);
  for (const name of all("#timeline li > a")) name.parentNode.hidden = byId("job-" + name.title)?.hidden;
}
if (field) field.addEventListener("input", filter);

/* Keys, for the chosen row or the page's own job. */
let here = null;
const rows = () => $("#jobs") ? [...$("#jobs tbody").rows].filter(row => !row.hidden) : [];
function choose(row) {
  all("#jobs tr.at").forEach(other => other.classList.remove("at"));
  row.classList.add("at");
  here = row.id;
  $("th a", row).focus();
  row.scrollIntoView({block: "nearest"});
}
function press(key) {
  const scope = $("#jobs") ? byId(here) || document.activeElement.closest("tr") : $("#main");
  const button = scope && $(`[data-key=${key}]`, scope);
  if (!button) return;
  button.focus();
  button.click();
  const menu = button.closest("details");
  if (menu && menu.open) enter(menu);
}
/* An opened menu is ready to be typed into. */
function enter(menu) {
  const first = $("input:not([type=hidden]), button", menu.lastElementChild);
  if (first) first.focus();
}
document.addEventListener("toggle", event => {
  if (event.target.matches("details.menu[open]") && $("input[type=text]", event.target)) enter(event.target);
}, true);
function move(by) {
  const list = rows();
  if (!list.length) return;
  const at = list.findIndex(row => row.id === here);
  choose(list[Math.max(0, Math.min(list.length - 1, at < 0 ? 0 : at + by))]);
}
const KEYS = {
  "/": () => field ? field.focus() : location.assign(root + "/"),
  j: () => move(1),
  k: () => move(-1),
  r: () => press("r"), p: () => press("p"), s: () => press("s"),
  w: () => $("#why") ? $("#at").focus() : press("w"),
  g: () => location.assign(root + "/reload"),
  "?": () => { const help = $("#help"); help.open = !help.open; $("summary", help).focus(); },
};
document.addEventListener("keydown", event => {
  if (event.key === "Escape") {
    const menu = $("details.menu[open]");
    if (menu) { menu.open = false; $("summary", menu).focus(); return; }
    if (event.target === field) { field.value = ""; filter(); field.blur(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  const act = KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});
document.addEventListener("focusin", event => { const row = event.target.closest("#jobs tr[id]"); if (row) here = row.id; });
document.addEventListener("click", event => {
  for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

filter();
tick();
if (!document.hidden) open();
})();
