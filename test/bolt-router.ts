/**
 * The edge of a cluster: members are addresses on loopback that all lead to one real server. What they say of each other,
 * in answers to ROUTE, and which of them takes writes can change, as it does when a cluster elects another leader.
 * https://neo4j.com/docs/bolt/current/bolt/message/
 */
import { connect, createServer, type Server, type Socket } from "node:net";

/** How the leader of before behaves once there is another: it says so, is gone, or takes one more write and is gone. */
export type Change = "refuses" | "gone" | "gone after its next commit";

export interface Cluster {
  /** Of its first member. */
  uri: string;
  /** Member 0 leads at first; undefined: none does, and routing tables name none. */
  elect(leader: number | undefined, change: Change): void;
  /** Transactions that a member has begun to write. */
  writes(member: number): number;
  close(): Promise<void>;
}

const TAG = { begin: 0x11, commit: 0x12, run: 0x10, reset: 0x0f, route: 0x66 } as const;
const SUMMARIES: ReadonlySet<number> = new Set([0x70, 0x7e, 0x7f]);
const tagOf = (message: Buffer): number => message[1] ?? 0;

/** Whole messages out of what a socket gives. */
class Messages {
  #rest = Buffer.alloc(0);
  #parts: Buffer[] = [];

  *take(data: Buffer): Generator<Buffer> {
    this.#rest = Buffer.concat([this.#rest, data]);
    while (this.#rest.length >= 2) {
      const size = this.#rest.readUInt16BE(0);
      if (this.#rest.length < 2 + size) return;
      const part = this.#rest.subarray(2, 2 + size);
      this.#rest = this.#rest.subarray(2 + size);
      if (size > 0) this.#parts.push(part);
      else if (this.#parts.length > 0) yield Buffer.concat(this.#parts.splice(0));
    }
  }
}

function framed(message: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < message.length; at += 0xffff) {
    const part = message.subarray(at, at + 0xffff);
    parts.push(Buffer.from([part.length >> 8, part.length & 0xff]), part);
  }
  return Buffer.concat([...parts, Buffer.alloc(2)]);
}

type Packed = string | number | readonly Packed[] | { readonly [key: string]: Packed };

/** PackStream of small values. https://neo4j.com/docs/bolt/current/packstream/ */
function packed(value: Packed): Buffer {
  if (typeof value === "number") return Buffer.from([value]);
  if (typeof value === "string") {
    const text = Buffer.from(value);
    return Buffer.concat([Buffer.from(text.length < 16 ? [0x80 + text.length] : [0xd0, text.length]), text]);
  }
  if (Array.isArray(value)) return Buffer.concat([Buffer.from([0x90 + value.length]), ...value.map(packed)]);
  const entries = Object.entries(value);
  return Buffer.concat([
    Buffer.from([0xa0 + entries.length]),
    ...entries.flatMap(([key, one]) => [packed(key), packed(one)]),
  ]);
}
const message = (tag: number, fields: Packed): Buffer =>
  Buffer.concat([Buffer.from([0xb1, tag]), packed(fields)]);

const IGNORED = Buffer.from([0xb0, 0x7e]);
const NOT_A_LEADER = message(0x7f, {
  code: "Neo.ClientError.Cluster.NotALeader",
  message: "No write operations are allowed directly on this database. Writes must pass through the leader.",
});

/** The database that the server's own answer to ROUTE names. */
function databaseOf(answer: Buffer): string {
  const at = answer.indexOf(Buffer.from([0x82, 0x64, 0x62])) + 3;
  const [start, size] = answer[at] === 0xd0 ? [at + 2, answer[at + 1]!] : [at + 1, answer[at]! - 0x80];
  return answer.subarray(start, start + size).toString();
}

export async function startCluster(target: number, members = 2): Promise<Cluster> {
  let leader: number | undefined = 0;
  const ports: number[] = [];
  const sockets = Array.from({ length: members }, () => new Set<Socket>());
  const gone = new Map<number, "now" | "after a commit">();
  const begun = Array.from({ length: members }, () => 0);

  const table = (answer: Buffer): Buffer => {
    const of = (role: string, which: readonly number[]) => ({
      addresses: which.map((member) => `127.0.0.1:${ports[member]}`),
      role,
    });
    const all = [...ports.keys()];
    const servers = [
      of("WRITE", leader === undefined ? [] : [leader]),
      of(
        "READ",
        all.filter((member) => member !== leader),
      ),
      of("ROUTE", all),
    ];
    // Asked for again at once, as after a minute in a real one.
    return message(0x70, { rt: { ttl: 1, db: databaseOf(answer), servers } });
  };
  const cut = (member: number) => {
    for (const socket of sockets[member]!) socket.destroy();
  };

  const serve = (member: number, client: Socket): void => {
    if (gone.get(member) === "now") {
      client.destroy();
      return;
    }
    const upstream = connect(target, "127.0.0.1");
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets[member]!.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets[member]!.delete(socket);
        other.destroy();
      });
    }
    /** Answers that the client waits for, in order: its own, or one that the server gives. */
    const awaited: (Buffer | number)[] = [];
    let writing = false;
    let failed = false;
    const answer = () => {
      while (awaited[0] instanceof Buffer) client.write(framed(awaited.shift() as Buffer));
    };
    const asked = new Messages();
    const forward = (one: Buffer) => {
      const tag = tagOf(one);
      if (tag === TAG.begin) {
        // `mode: "r"` is said of a reader; a writer says nothing.
        writing = !one.includes(packed({ mode: "r" }).subarray(1));
        if (writing) begun[member]!++;
      }
      if (tag === TAG.reset) failed = false;
      const refused = writing && leader !== member && !gone.has(member);
      if (failed) awaited.push(IGNORED);
      else if (refused && (tag === TAG.begin || tag === TAG.run || tag === TAG.commit)) {
        failed = true;
        awaited.push(NOT_A_LEADER);
      } else {
        awaited.push(tag);
        upstream.write(framed(one));
      }
      answer();
    };
    let greeting = Buffer.alloc(0);
    client.on("data", (data) => {
      if (greeting.length >= 20) {
        for (const one of asked.take(data)) forward(one);
        return;
      }
      greeting = Buffer.concat([greeting, data]);
      if (greeting.length < 20) return;
      // Only Bolt 5.0 to 5.4 is offered: errors are a code and a message there.
      const offered = [0x00, 0x04, 0x04, 0x05, ...Array<number>(12).fill(0)];
      upstream.write(Buffer.concat([greeting.subarray(0, 4), Buffer.from(offered)]));
      for (const one of asked.take(greeting.subarray(20))) forward(one);
    });
    let version = 4;
    const answered = new Messages();
    upstream.on("data", (data) => {
      const chosen = data.subarray(0, version);
      version -= chosen.length;
      if (chosen.length > 0) client.write(chosen);
      for (const one of answered.take(data.subarray(chosen.length))) {
        const tag = SUMMARIES.has(tagOf(one)) ? awaited.shift() : undefined;
        if (tag === TAG.commit && gone.get(member) === "after a commit") {
          gone.set(member, "now");
          cut(member);
          return;
        }
        client.write(framed(tag === TAG.route && tagOf(one) === 0x70 ? table(one) : one));
        answer();
      }
    });
  };

  const servers: Server[] = [];
  for (let member = 0; member < members; member++) {
    const server = createServer((client) => serve(member, client));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    ports.push(address.port);
    servers.push(server);
  }
  return {
    uri: `neo4j://127.0.0.1:${ports[0]}`,
    elect(next, change) {
      const last = leader;
      leader = next;
      if (next !== undefined) gone.delete(next);
      if (last === undefined || last === next || change === "refuses") return;
      gone.set(last, change === "gone" ? "now" : "after a commit");
      if (change === "gone") cut(last);
    },
    writes: (member) => begun[member]!,
    async close() {
      for (const member of sockets.keys()) cut(member);
      await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
    },
  };
}
