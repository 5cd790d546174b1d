// A real mail server on a free port of this machine: takes every letter and keeps it.
import { once } from "node:events";
import { SMTPServer } from "smtp-server";

/** `letters` are `{ from, to: [address], text }`, the text as it came, in order. */
export async function startSmtp({ user, password } = {}) {
  const letters = [];
  const server = new SMTPServer({
    disabledCommands: user ? ["STARTTLS"] : ["STARTTLS", "AUTH"],
    allowInsecureAuth: true,
    authOptional: !user,
    onAuth: (auth, _session, done) => (auth.username === user && auth.password === password ? done(null, { user }) : done(new Error("wrong"))),
    onData(stream, session, done) {
      const chunks = [];
      stream.on("data", (chunk) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        letters.push({ from: mailFrom.address, to: rcptTo.map(({ address }) => address), text: Buffer.concat(chunks).toString("utf8") });
        done();
      });
    },
  });
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  const login = user ? `${encodeURIComponent(user)}:${encodeURIComponent(password)}@` : "";
  const url = `smtp://${login}127.0.0.1:${server.server.address().port}`;
  return { url, letters, stop: () => new Promise((done) => server.close(done)) };
}

/** The decoded parts of a letter, by content type. */
export function parts(text) {
  const boundary = /boundary="([^"]+)"/.exec(text)?.[1];
  if (!boundary) throw new Error("no parts");
  const found = {};
  for (const part of text.split(`--${boundary}`).slice(1, -1)) {
    const [head, ...body] = part.trim().split("\r\n\r\n");
    const type = /content-type: ([^;\s]+)/i.exec(head)?.[1];
    const encoding = /content-transfer-encoding: (\S+)/i.exec(head)?.[1];
    found[type] = decoded(body.join("\r\n\r\n"), encoding?.toLowerCase());
  }
  return found;
}

function decoded(body, encoding) {
  if (encoding === "base64") return Buffer.from(body, "base64").toString("utf8");
  if (encoding !== "quoted-printable") return body;
  const bytes = body.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
