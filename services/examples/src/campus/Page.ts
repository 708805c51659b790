/**
 * The page to try the chat with: one file without a framework. Text of others is only ever set as text, and the page may run
 * no script and load nothing but its own.
 *
 * It orders messages by their places, shows each id once, goes on after the last event it had when its connection was lost, and
 * sends again, under the same id, what it did not hear is stored.
 */
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { createHash } from "node:crypto"

const style = `
:root{color-scheme:light dark;--bg:#f6f5f1;--pane:#fffefb;--ink:#23211c;--soft:#7c776b;--line:#e3dfd4;--own:#1f6f5c;--ownink:#f2fbf7;--dot:#2fa36b}
@media(prefers-color-scheme:dark){:root{--bg:#171613;--pane:#201f1b;--ink:#ece8dd;--soft:#958f80;--line:#34322b;--own:#2c8a72;--ownink:#f2fbf7}}
*{box-sizing:border-box}body{margin:0;font:16px/1.45 system-ui,sans-serif;background:var(--bg);color:var(--ink);height:100dvh;display:grid;place-items:center}
.app{width:min(860px,100%);height:min(680px,100%);display:grid;grid-template:auto 1fr auto/1fr 190px;background:var(--pane);border:1px solid var(--line);border-radius:14px;overflow:hidden}
header{grid-column:1/3;display:flex;gap:.6rem;align-items:baseline;padding:.9rem 1.2rem;border-bottom:1px solid var(--line)}
h1{font-size:1.05rem;margin:0}#state{margin-left:auto;font-size:.85rem;color:var(--soft)}
#messages{overflow-y:auto;padding:1rem 1.2rem;display:flex;flex-direction:column;gap:.45rem}
.m{max-width:76%;padding:.45rem .8rem;border-radius:12px;background:var(--bg);overflow-wrap:anywhere;white-space:pre-wrap;align-self:flex-start}
.m.own{align-self:flex-end;background:var(--own);color:var(--ownink)}.m small{display:block;font-size:.72rem;opacity:.72}
.m.direct{outline:1px dashed currentColor;outline-offset:-3px}
aside{border-left:1px solid var(--line);padding:1rem;font-size:.9rem;overflow-y:auto}aside h2{font-size:.75rem;letter-spacing:.06em;text-transform:uppercase;color:var(--soft);margin:0 0 .5rem}
ul{list-style:none;margin:0;padding:0}li::before{content:"";display:inline-block;width:.5rem;height:.5rem;border-radius:50%;background:var(--dot);margin-right:.5rem}
form{grid-column:1/3;display:flex;gap:.6rem;padding:.8rem 1.2rem;border-top:1px solid var(--line)}
input{flex:1;min-width:0;font:inherit;color:inherit;padding:.55rem .8rem;border:1px solid var(--line);border-radius:9px;background:var(--bg)}
button{font:inherit;padding:.55rem 1.1rem;border:0;border-radius:9px;background:var(--own);color:var(--ownink);cursor:pointer}
#login{display:flex;flex-direction:column;width:min(340px,92%);padding:1.4rem;border:1px solid var(--line);border-radius:14px;background:var(--pane)}#login p{margin:0;color:var(--soft);font-size:.9rem}
[hidden]{display:none!important}@media(max-width:620px){.app{grid-template-columns:1fr;border:0;border-radius:0}aside{display:none}header,form{grid-column:1}}
`

const script = `
const $ = (id) => document.getElementById(id)
const messages = new Map(), unstored = new Map(), online = new Set()
let token = "", me = "", room = "", last = ""
const ask = (path, body) => fetch(path, {
  method: body ? "POST" : "GET", body: body && JSON.stringify(body),
  headers: { "content-type": "application/json", authorization: "Bearer " + token }
})
const node = (tag, text, className) => Object.assign(document.createElement(tag), { textContent: text, className: className || "" })
const draw = () => {
  const box = $("messages"), low = box.scrollHeight - box.scrollTop - box.clientHeight < 60
  const all = [...messages.values()].sort((a, b) => (a.place ?? Infinity) - (b.place ?? Infinity) || a.at - b.at)
  box.replaceChildren(...all.map((m) => {
    const bubble = node("div", "", "m" + (m.author === me ? " own" : "") + (m.place === null ? " direct" : ""))
    const time = new Date(m.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    bubble.append(node("small", m.author + " · " + time + (m.place === null ? " · not stored yet" : "")), m.text)
    return bubble
  }))
  if (low) box.scrollTop = box.scrollHeight
  $("members").replaceChildren(...[...online].sort().map((name) => node("li", name)))
}
const keep = (m) => {
  const known = messages.get(m.id)
  messages.set(m.id, { ...m, place: m.place ?? (known ? known.place : null) })
  if (m.place !== null) unstored.delete(m.id.split("/")[1])
}
const catchUp = async () => {
  const [history, members] = await Promise.all([ask("/rooms/" + room + "/messages"), ask("/rooms/" + room + "/members")])
  if (history.ok) (await history.json()).messages.forEach(keep)
  if (members.ok) { online.clear(); (await members.json()).members.forEach((name) => online.add(name)) }
  for (const [nonce, text] of unstored) post(nonce, text)
  draw()
}
const post = async (nonce, text) => {
  const sent = await ask("/rooms/" + room + "/messages", { nonce, text }).catch(() => null)
  if (sent && sent.status === 201) unstored.delete(nonce)
  if (sent && sent.status === 400) { unstored.delete(nonce); $("state").textContent = "that cannot be sent" }
}
const heard = {
  message: keep,
  stored: ({ id, place }) => { const m = messages.get(id); if (m) keep({ ...m, place }) },
  status: ({ student, online: is }) => is ? online.add(student) : online.delete(student)
}
const connect = () => {
  const url = location.origin.replace("http", "ws") + "/rooms/" + room + "/socket" + (last ? "?lastEventId=" + encodeURIComponent(last) : "")
  const socket = new WebSocket(url, ["fibercast", "bearer." + token])
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data)
    if (frame.id) last = frame.id
    if (frame.event === "hello") $("state").textContent = "connected"
    if (frame.event === "hello" || frame.event === "missed") return void catchUp()
    if (heard[frame.event]) { heard[frame.event](JSON.parse(frame.data)); draw() }
  }
  socket.onclose = () => { $("state").textContent = "reconnecting …"; setTimeout(connect, 1000) }
}
$("login").onsubmit = async (event) => {
  event.preventDefault()
  const answer = await ask("/login", { name: $("name").value.trim(), room: $("room").value.trim() })
  if (!answer.ok) return void ($("wrong").textContent = "Letters, digits, dots and dashes only, please.")
  token = (await answer.json()).token; me = $("name").value.trim(); room = $("room").value.trim()
  $("title").textContent = room; $("login").hidden = true; $("app").hidden = false; $("text").focus()
  connect()
}
$("send").onsubmit = (event) => {
  event.preventDefault()
  const text = $("text").value.trim(), nonce = crypto.randomUUID()
  if (!text) return
  $("text").value = ""; unstored.set(nonce, text); post(nonce, text)
}
`

const body = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Campus chat</title><style>${style}</style>
<form id="login"><h1>Campus chat</h1><p id="wrong">Who are you, and which group do you want to talk to?</p>
<input id="name" placeholder="Name" aria-label="Name" maxlength="40" required autofocus>
<input id="room" placeholder="Group" aria-label="Group" maxlength="40" value="informatics" required><button>Enter</button></form>
<div class="app" id="app" hidden><header><h1 id="title"></h1><span id="state" role="status">connecting …</span></header>
<div id="messages" role="log"></div><aside><h2>Online</h2><ul id="members"></ul></aside>
<form id="send"><input id="text" placeholder="Message" aria-label="Message" maxlength="2000" autocomplete="off"><button>Send</button></form></div>
<script>${script}</script></html>`

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`

const headers = {
  "cache-control": "no-store",
  "content-security-policy": `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer"
}

export const respond = Effect.succeed(
  HttpServerResponse.text(body, { contentType: "text/html; charset=utf-8", headers })
)
