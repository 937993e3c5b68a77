// The official client, driven line by line: a command as JSON comes in, its answer as JSON goes out.
import { createInterface } from "node:readline"
import { Repo } from "@automerge/automerge-repo"
import * as Automerge from "@automerge/automerge"
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket"
import { decode } from "cbor-x"

const [address, token, peerId] = process.argv.slice(2)
const errors = []
const heard = []

class Adapter extends WebSocketClientAdapter {
  join() {
    this.peerMetadata = { ...this.peerMetadata, token }
    super.join()
  }

  receiveMessage(bytes) {
    const message = decode(new Uint8Array(bytes))
    if (message.type === "error") errors.push(message)
    super.receiveMessage(bytes)
  }
}

// The adapter throws where a connection breaks in the middle of its handshake, and then tries again.
process.on("uncaughtException", (error) => console.error(error))

const adapter = new Adapter(address, 100)
const repo = new Repo({ network: [adapter], peerId })
const handles = new Map()

async function open(url) {
  if (!handles.has(url)) {
    const handle = await repo.find(url)
    handle.on("ephemeral-message", ({ message, senderId }) => heard.push({ message, senderId }))
    handles.set(url, handle)
  }
  return handles.get(url)
}

function edited(document, { put, splice, text, remove }) {
  for (const [key, value] of Object.entries(put ?? {})) document[key] = value
  for (const [key, value] of Object.entries(text ?? {})) document[key] = value
  for (const key of remove ?? []) delete document[key]
  if (splice) Automerge.splice(document, splice.path, splice.at, splice.delete ?? 0, splice.insert ?? "")
}

const commands = {
  async open({ url }) {
    return (await open(url)).doc()
  },
  async read({ url }) {
    const handle = handles.get(url)
    return { doc: handle.doc(), heads: Automerge.getHeads(handle.doc()).sort() }
  },
  async edit({ url, ...what }) {
    handles.get(url).change((document) => edited(document, what))
    return null
  },
  // So many changes, one by one.
  async many({ url, key, count }) {
    for (let number = 0; number < count; number += 1) {
      handles.get(url).change((document) => {
        document[key] = number
      })
    }
    return null
  },
  async create({ put }) {
    return repo.create(put).url
  },
  async say({ url, message }) {
    handles.get(url).broadcast(message)
    return null
  },
  async heard() {
    return heard
  },
  async errors() {
    return errors.map(({ code, message, documentId }) => ({ code, message, documentId }))
  },
  // Breaks the connection without a word; the adapter comes back by itself.
  async cut() {
    adapter.socket._socket ? adapter.socket._socket.destroy() : adapter.socket.terminate()
    return null
  },
  async leave() {
    adapter.disconnect()
    return null
  },
  async back() {
    adapter.connect(repo.networkSubsystem.peerId, {})
    return null
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...input } = JSON.parse(line)
  let answer
  try {
    answer = { ok: (await commands[command](input)) ?? null }
  } catch (error) {
    answer = { failed: String(error.message ?? error) }
  }
  console.log(JSON.stringify(answer))
}
process.exit(0)
