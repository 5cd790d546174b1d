// One connection that is kept open and asks the same thing over and over, and what it sees of each answer: when the first byte of the body came, how many
// events there were, when it ended. wrk sees only the end. Plain sockets, so that the driver costs little and the same whichever server answers.
import net from "node:net";

const MOST_HEAD = 64 << 10;
const buffer = Buffer.alloc(64 << 10); // of all connections: what comes in is looked at before the next one reads
const HEAD = 0;
const SIZE = 1;
const DATA = 2;
const AFTER_DATA = 3;
const LAST_LINE = 4;

export class Connection {
  /** @param url where it asks; @param body what it asks, as text. */
  constructor({ url, token, body }) {
    const { hostname, port, host, pathname } = new URL(url);
    this.address = { host: hostname, port: Number(port) };
    this.url = url;
    const length = Buffer.byteLength(body);
    this.request = Buffer.from(
      `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`,
    );
  }

  open() {
    return new Promise((resolve, reject) => {
      this.socket = net.connect({ ...this.address, noDelay: true, onread: { buffer, callback: (count) => this.#read(count) } }, () => resolve(this));
      this.socket.on("error", (error) => this.#fail(error));
      this.socket.on("error", reject);
      this.socket.on("close", () => this.#fail(new Error("the connection was closed")));
    });
  }

  close() {
    this.call = undefined;
    this.socket.destroy();
  }

  /** Sends the request. `first` is called with the first byte of the body, `done` with the call at its end: times in milliseconds, bytes and events of the body. */
  ask({ first, done, failed }) {
    this.call = { began: performance.now(), firstByte: undefined, ended: undefined, bytes: 0, events: 0, first, done, failed };
    Object.assign(this, { state: HEAD, head: "", size: "", left: 0, chunked: false, newline: false });
    this.socket.write(this.request);
  }

  #fail(error) {
    const { call } = this;
    this.call = undefined;
    call?.failed(new Error(`${this.url}: ${error.message} after ${call.events} events`));
  }

  #read(count) {
    const now = performance.now();
    let at = 0;
    while (at < count && this.call) {
      if (this.state === HEAD) at = this.#readHead(at, count);
      else if (this.state === DATA) at = this.#readData(at, count, now);
      else at = this.#readLine(at, count, now);
      if (this.state === DATA && this.left === 0 && !this.chunked) this.#end(now);
    }
    return true;
  }

  #readHead(at, count) {
    const text = this.head + buffer.latin1Slice(at, count);
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      this.head = text;
      if (text.length > MOST_HEAD) this.#fail(new Error("a head without an end"));
      return count;
    }
    const used = end + 4 - this.head.length;
    const head = text.slice(0, end);
    if (!head.startsWith("HTTP/1.1 200 ")) {
      this.#fail(new Error(`answered ${text.slice(0, 600)}`));
      return count;
    }
    this.chunked = /^transfer-encoding: *chunked/im.test(head);
    this.left = this.chunked ? 0 : Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? NaN);
    if (Number.isNaN(this.left)) this.#fail(new Error("an answer of no length"));
    this.state = this.chunked ? SIZE : DATA;
    return at + used;
  }

  #readData(at, count, now) {
    const here = Math.min(this.left, count - at);
    const { call } = this;
    if (call.firstByte === undefined) {
      call.firstByte = now;
      call.first?.(call);
    }
    // An event ends with an empty line.
    const bytes = buffer.subarray(at, at + here);
    for (let place = bytes.indexOf(10); place >= 0; place = bytes.indexOf(10, place + 1)) {
      if (place === 0 ? this.newline : bytes[place - 1] === 10) call.events += 1;
    }
    this.newline = bytes[here - 1] === 10;
    call.bytes += here;
    this.left -= here;
    if (this.left === 0 && this.chunked) this.state = AFTER_DATA;
    return at + here;
  }

  /** A chunk's size, the line's end after a chunk, or the empty line after the last one. */
  #readLine(at, count, now) {
    const end = buffer.indexOf(10, at);
    if (end < 0 || end >= count) {
      this.size += buffer.latin1Slice(at, count);
      return count;
    }
    const line = (this.size + buffer.latin1Slice(at, end)).trim();
    this.size = "";
    if (this.state === AFTER_DATA) {
      this.state = SIZE;
    } else if (this.state === LAST_LINE) {
      if (line === "") this.#end(now);
    } else {
      this.left = parseInt(line, 16);
      if (Number.isNaN(this.left)) this.#fail(new Error(`a chunk of size ${JSON.stringify(line)}`));
      this.state = this.left === 0 ? LAST_LINE : DATA;
    }
    return end + 1;
  }

  #end(now) {
    const { call } = this;
    this.call = undefined;
    call.ended = now;
    call.done(call);
  }
}

/** Opens that many connections. */
export function connect(count, options) {
  return Promise.all(Array.from({ length: count }, () => new Connection(options).open()));
}
