var workKUCZW4BZ = require('./work.js');
var main = require('./main.js');
require('./chunk2.js');
var chunkLSQCWHDC = require('./chunk3.js');
require('./chunk.js');

// src/heroku/dyno-fate.ts
var GoneError = class extends main.DeployError {
};
var LOOK_MS = 3e4;
var LOOKS_IN_VAIN = 2;
var JOIN_LIMIT_MS = 2 * 6e4;
var STOP_LIMIT_MS = 5e3;
var ENDED_STATES = ["crashed", "down", "complete"];
function createDynoFate(api, dyno, { log, time }) {
  const { name, timeToLiveSec } = dyno;
  const began = time.now();
  const next = `See what Heroku has logged about it: \`heroku logs --dyno ${name} --app ${api.appName}\`.`;
  async function isGone(signal) {
    const found = await api.dyno(name, signal);
    return found === void 0 || ENDED_STATES.includes(found.state);
  }
  function gone(what) {
    const lived = timeToLiveSec !== void 0 && time.now() - began >= timeToLiveSec * 1e3;
    const cause = lived ? `: its time to live of ${main.formatDuration(timeToLiveSec * 1e3)} was over` : "";
    return new GoneError("failed", `${what} The dyno is gone${cause}.`, next);
  }
  return {
    async watch(hasJoined, signal) {
      let inVain = 0;
      let unanswered = false;
      for (; ; ) {
        await time.sleep(LOOK_MS, signal);
        try {
          inVain = await isGone(signal) ? inVain + 1 : 0;
        } catch (error) {
          if (!(error instanceof workKUCZW4BZ.ApiError)) throw error;
          if (!unanswered) log.warning(`${error.message} The output of ${name} is still waited for`);
          unanswered = true;
        }
        if (inVain >= LOOKS_IN_VAIN) throw gone(`${name} has not told how its command ended.`);
        if (hasJoined()) continue;
        const waitedMs = time.now() - began;
        if (waitedMs >= JOIN_LIMIT_MS) {
          throw new main.DeployError("failed", `${name} has not started within ${main.formatDuration(waitedMs)}.`, next);
        }
        log.info(`${name} is still starting after ${main.formatDuration(waitedMs)}`);
      }
    },
    async brokenOff(reason, signal) {
      const why = reason === void 0 ? "" : ` (${reason})`;
      const what = `The connection to ${name} broke off before it told how its command ended${why}.`;
      try {
        if (await isGone(signal)) throw gone(what);
      } catch (error) {
        if (!(error instanceof workKUCZW4BZ.ApiError)) throw error;
        throw new main.DeployError("failed", `${what} Nor does Heroku tell: ${error.message}`, next, {
          cause: error
        });
      }
      throw new main.DeployError("failed", `${what} The dyno was still running, and is stopped.`, next);
    },
    async stop(lastWords) {
      log.info(`Stopping ${name}`);
      const limited = { time, signal: new AbortController().signal };
      let isStopped = false;
      try {
        await workKUCZW4BZ.withinLimit(STOP_LIMIT_MS, limited, async (limit) => {
          await api.stopDyno(name, limit);
          isStopped = true;
          await Promise.race([lastWords, aborted(limit)]);
        });
      } catch (error) {
        if (isStopped || error instanceof workKUCZW4BZ.ApiError && error.status === 404) return;
        const reason = error instanceof workKUCZW4BZ.ApiError ? error.message : `${workKUCZW4BZ.reasonOf(error)}.`;
        const wait = timeToLiveSec === void 0 ? "" : `, or wait: it lives for ${main.formatDuration(timeToLiveSec * 1e3)}`;
        const advice = `Stop it with \`heroku ps:stop ${name} --app ${api.appName}\`${wait}`;
        log.warning(`${name} could not be stopped: ${reason} ${advice}`);
      }
    }
  };
}
function aborted(signal) {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

// src/heroku/exit-marker.ts
var LAUNCHER = "/cnb/lifecycle/launcher";
var TRIES = 10;
function markExit(command, launcher = LAUNCHER) {
  const halves = [workKUCZW4BZ.$randomBytes(8).toString("hex"), workKUCZW4BZ.$randomBytes(8).toString("hex")];
  const marker = new RegExp(`^(.*)${halves.join("")} (\\d{1,3});`, "s");
  return {
    commandLine: [
      // A dyno that is told to stop, or whose client has gone, tells all its processes: what the command makes of that must not end with
      // this shell.
      "trap : HUP INT TERM",
      // What is written to a command must not come back as its output.
      "stty -echo 2>/dev/null",
      `set -- ${chunkLSQCWHDC.shellWord(command)} ${chunkLSQCWHDC.shellWord(launcher)} sh`,
      'if command -v bash >/dev/null 2>&1; then set -- "$1" "$2" bash; fi',
      'if [ -x "$2" ]; then "$2" -- "$3" -c "$1"; else "$3" -c "$1"; fi',
      'set -- "$?"',
      // The command may have left the output non-blocking, and then it refuses what it can't take at once.
      `for _ in ${Array.from({ length: TRIES }, (_, index) => index + 1).join(" ")}; do if printf '\\n%s%s %d;\\n' ${halves.join(" ")} "$1" 2>/dev/null; then break; fi; sleep 1; done`,
      'exit "$1"'
    ].join("; "),
    read(line) {
      const [, before, code] = marker.exec(line) ?? [];
      return before === void 0 ? void 0 : { code: Number(code), before };
    }
  };
}

// src/heroku/rendezvous.ts
var CONNECT_LIMIT_MS = 3e4;
var KEEP_ALIVE_MS = 3e4;
var GREETING = /^rendezvous\r?\n/;
var LONGEST_GREETING = 64;
async function attach(dyno, collaborators, onOutput) {
  const place = readAttachUrl(dyno);
  const socket = await connect(place, collaborators).catch((error) => {
    collaborators.signal.throwIfAborted();
    throw unattached(dyno.name, place, error);
  });
  const joined = Promise.withResolvers();
  const closed = Promise.withResolvers();
  let reason;
  let beginning = Buffer.alloc(0);
  socket.on("data", (piece) => {
    if (beginning === void 0) return onOutput(piece);
    beginning = Buffer.concat([beginning, piece]);
    if (!beginning.includes("\n") && beginning.length < LONGEST_GREETING) return;
    const [greeting = ""] = GREETING.exec(beginning.toString("latin1")) ?? [];
    const rest = beginning.subarray(greeting.length);
    beginning = void 0;
    joined.resolve();
    if (rest.length > 0) onOutput(rest);
  });
  socket.on("error", (error) => {
    reason = workKUCZW4BZ.reasonOf(error);
  });
  socket.once("close", () => {
    if (beginning?.length) onOutput(beginning);
    closed.resolve(reason);
  });
  socket.write(`${place.secret}\r
`);
  return {
    joined: joined.promise,
    closed: closed.promise,
    write: (text) => void socket.write(text),
    close: () => void socket.destroy()
  };
}
function attachSecret(attachUrl) {
  const url = URL.parse(attachUrl);
  return url ? `${url.pathname}${url.search}`.slice(1) : "";
}
function readAttachUrl({ name, attachUrl }) {
  const url = URL.parse(attachUrl);
  const secret = attachSecret(attachUrl);
  if (url?.protocol === "rendezvous:" && url.hostname !== "" && /^[\x21-\x7e]+$/.test(secret)) {
    return { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(url.port || 5e3), secret };
  }
  if (url?.protocol === "https:" || url?.protocol === "http:") {
    throw new main.DeployError(
      "failed",
      `Heroku lets ${name} be attached to by SSH only, as in a Shield Private Space, and this step does not speak SSH.`,
      "Let the drain run in the release phase instead: `drain-at: release-phase`."
    );
  }
  throw new main.DeployError(
    "failed",
    `Heroku's answer names no place at which ${name} could be attached to.`,
    "Check that no proxy answers in place of Heroku, and look at https://status.heroku.com."
  );
}
function connect({ host, port }, { env, time, signal }) {
  return workKUCZW4BZ.withinLimit(
    CONNECT_LIMIT_MS,
    { time, signal },
    (limit) => new Promise((resolve, reject) => {
      limit.throwIfAborted();
      const opened = [];
      const fail = (error) => {
        limit.removeEventListener("abort", stop);
        for (const socket2 of opened) socket2.destroy();
        reject(error);
      };
      const stop = () => fail(limit.reason);
      const keep = (socket2) => {
        socket2.on("error", fail);
        opened.push(socket2);
      };
      const done = (socket2) => {
        limit.removeEventListener("abort", stop);
        for (const each of opened) each.off("error", fail).on("error", () => {
        });
        resolve(socket2);
      };
      limit.addEventListener("abort", stop, { once: true });
      const socket = new workKUCZW4BZ.$Agent({ proxyEnv: env }).createConnection(
        { host, port, ...isName(host) && { servername: host } },
        (error, tunnelled) => {
          if (tunnelled) keep(tunnelled);
          if (error || limit.aborted) return fail(error ?? limit.reason);
          done(tunnelled);
        }
      );
      keep(socket);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      if (socket.encrypted) socket.once("secureConnect", () => done(socket));
    })
  );
}
var isName = (host) => !/^[\d.]+$|:/.test(host);
function unattached(name, { host, port }, error) {
  const where = `${host}:${port}`;
  const refusal = error instanceof Error && "statusCode" in error ? error.statusCode : void 0;
  if (refusal !== void 0) {
    return new main.DeployError(
      "failed",
      `The proxy of this runner (HTTPS_PROXY) lets nobody through to ${where}, where the output of ${name} is: it answered ${refusal}.`,
      `Allow CONNECT to ${where} in the proxy, or, if the runner reaches it without the proxy, add ${host} to NO_PROXY.`,
      { cause: error }
    );
  }
  return new main.DeployError(
    "failed",
    `The output of ${name} could not be attached to at ${where}: ${workKUCZW4BZ.reasonOf(error)}.`,
    `Check that this runner may connect to ${where}, directly or through the proxy in HTTPS_PROXY. If a proxy opens TLS, name the file with its certificate in NODE_EXTRA_CA_CERTS.`,
    { cause: error }
  );
}

// src/heroku/one-off.ts
async function runInDyno(api, command, collaborators, onLine) {
  var _stack = [];
  try {
    const session = main.__using(_stack, await openInDyno(api, command, collaborators, onLine), true);
    return await session.ended;
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = main.__callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}
async function openInDyno(api, { command, mask = [], ...settings }, collaborators, onLine) {
  const { log, signal } = collaborators;
  const marker = markExit(command);
  const dyno = await api.runDyno({ ...settings, command: marker.commandLine }, signal);
  const { name } = dyno;
  log.info(`${name} is starting`);
  const fate = createDynoFate(api, { name, timeToLiveSec: settings.timeToLiveSec }, collaborators);
  const leaving = new AbortController();
  const scope = AbortSignal.any([signal, leaving.signal]);
  const joined = Promise.withResolvers();
  const told = Promise.withResolvers();
  const plain = plainLine([...mask, attachSecret(dyno.attachUrl)]);
  let hasJoined = false;
  let write;
  let over = false;
  const lines = workKUCZW4BZ.createLineSplitter((line) => {
    if (over) return;
    const end = marker.read(line);
    const shown = plain(end ? end.before : line);
    if (shown !== "") onLine(shown);
    if (!end) return;
    over = true;
    told.resolve({ dyno: name, code: end.code });
  });
  async function follow() {
    let connection;
    try {
      connection = await attach(dyno, { ...collaborators, signal: scope }, lines.write);
      write = connection.write;
      void connection.joined.then(() => {
        hasJoined = true;
        log.info(`${name} is attached`);
        joined.resolve();
      });
      const broken = connection.closed.then((reason) => {
        lines.end();
        return over ? told.promise : fate.brokenOff(reason, scope);
      });
      return await Promise.race([told.promise, broken, fate.watch(() => hasJoined, scope)]);
    } catch (error) {
      if (!(error instanceof GoneError)) await fate.stop(connection?.closed);
      throw error;
    } finally {
      lines.end();
      over = true;
      write = void 0;
      connection?.close();
      leaving.abort();
    }
  }
  const ended = follow();
  ended.catch(() => {
  });
  await Promise.race([joined.promise, ended]);
  return {
    dyno: name,
    ended,
    write: (line) => write?.(`${line}
`),
    async [Symbol.asyncDispose]() {
      leaving.abort(
        new main.DeployError("failed", `${name} was left before its command had ended.`, "Run the job again.")
      );
      await ended.catch(() => {
      });
    }
  };
}
var LONGEST_LINE = 2e3;
var LOOKED_AT = 8192;
function plainLine(mask) {
  const secrets = mask.flatMap((text) => text.split(/[\r\n]+/)).filter((text) => text.trim() !== "").sort((a, b) => b.length - a.length);
  return (line) => {
    const text = main.oneLine(line, LOOKED_AT);
    const masked = secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
    return main.oneLine(masked, LONGEST_LINE);
  };
}

exports.openInDyno = openInDyno;
exports.runInDyno = runInDyno;
