// A client written from docs/api.md and the protos alone: create, watch, read the repetitions, take a file.
//
// Arguments: address, file of the token, URI of the video, file of the protos' descriptor set. Prints one JSON object.

const fs = require("fs");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const UNARY_S = 10;
const STREAM_S = 3600;
const [address, tokenFile, uri, protos] = process.argv.slice(2);

const OPTIONS = { keepCase: true, enums: String, longs: String, defaults: true, oneofs: true };
const { motus } = grpc.loadPackageDefinition(loader.loadFileDescriptorSetFromBuffer(fs.readFileSync(protos), OPTIONS));
const stub = new motus.v1.SessionService(address, grpc.credentials.createInsecure());

function metadata() {
  const headers = new grpc.Metadata();
  headers.set("authorization", `Bearer ${fs.readFileSync(tokenFile, "utf8").trim()}`);
  return headers;
}

const until = (seconds) => ({ deadline: Date.now() + seconds * 1000 });

function call(method, request) {
  return new Promise((resolve, reject) => {
    stub[method](request, metadata(), until(UNARY_S), (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

// All events until the session has ended; the stream is left once and gone on with.
async function watched(name) {
  const seen = [];
  let resume_token = "";
  for (const most of [2, Infinity]) {
    const stream = stub.WatchSession({ name, resume_token }, metadata(), until(STREAM_S));
    try {
      for await (const response of stream) {
        resume_token = response.resume_token || resume_token;
        if (response.item === "event") seen.push(`${response.event.name}@${response.event.revision}`);
        if (seen.length >= most) break;
      }
    } catch (error) {
      if (error.code !== grpc.status.CANCELLED) throw error;
    }
    stream.on("error", () => {}); // ours: it was cancelled
    stream.cancel();
  }
  return seen;
}

async function allReps(parent) {
  const reps = [];
  let page_token = "";
  do {
    const page = await call("ListReps", { parent, page_size: 2, page_token });
    reps.push(...page.reps);
    page_token = page.next_page_token;
  } while (page_token);
  return reps;
}

async function exported(name) {
  const request = { name, format: "EXPORT_FORMAT_CSV", channels: ["knee_flexion_left_deg"] };
  const parts = [];
  for await (const part of stub.ExportSession(request, metadata(), until(STREAM_S))) parts.push(part);
  return { filename: parts[0].filename, file: Buffer.concat(parts.map((part) => part.data)).toString() };
}

// `google.rpc.ErrorInfo` has its reason as field 1, which is all that is read here.
function reason(error) {
  const [status] = error.metadata.get("grpc-status-details-bin");
  const found = /google\.rpc\.ErrorInfo\x12.\n(.)/s.exec(status.toString("latin1"));
  const start = found.index + found[0].length;
  return status.toString("latin1", start, start + found[1].charCodeAt(0));
}

async function main() {
  const session = { source: { uri, pacing: "PACING_FAST" }, exercise: "squat" };
  const made = await call("CreateSession", { session, request_id: "from-node" });
  const again = await call("CreateSession", { session, request_id: "from-node" });
  const events = await watched(made.name);
  const ended = await call("GetSession", { name: made.name });
  const reps = (await allReps(made.name)).map((rep) => [rep.start_s, rep.end_s]);
  const file = await exported(made.name);
  const missing = await call("GetSession", { name: "sessions/not-there" }).then(() => "", reason);
  console.log(JSON.stringify({ same: made.name === again.name, state: ended.state, events, reps, ...file, missing }));
  stub.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
