var chunkK62CODCC = require('./chunk2.js');
var main = require('./main.js');
var chunkR2YOQZTL = require('./chunk.js');

// built-in:http
var builtIn$3 = /* @__PURE__ */ process.getBuiltinModule("node:http");
var own$4 = (key) => builtIn$3[key];
var http_default = builtIn$3;
var $STATUS_CODES = /* @__PURE__ */ own$4("STATUS_CODES");

// src/heroku/proxy.ts
var ProxyFault = class extends Error {
  name = "ProxyFault";
  /** what to do about it */
  next;
  /** it may well work a moment later */
  passing;
  constructor(message, next, passing, cause) {
    super(message, { cause });
    this.next = next;
    this.passing = passing;
  }
};
function proxyFor(target, env) {
  const scheme = target.protocol.slice(0, -1);
  const names = [`${scheme}_proxy`, `${scheme}_proxy`.toUpperCase(), "all_proxy", "ALL_PROXY"];
  const variable = names.find((name) => env[name]);
  const value = variable && env[variable];
  if (!value || bypassed(target, env.no_proxy || env.NO_PROXY || "")) return void 0;
  const text = value.includes("://") ? value : `http://${value}`;
  if (!URL.canParse(text)) {
    throw new ProxyFault(
      `the environment variable ${variable} holds no URL of a proxy`,
      `Set ${variable} to \`http://proxy.example:3128\`, or to \`http://name:password@proxy.example:3128\` with name and password percent-encoded.`,
      false
    );
  }
  const { protocol, host } = new URL(text);
  const shown = `${protocol}//${host}`;
  return /^https?:$/.test(protocol) ? { url: text, shown, variable } : { shown, variable };
}
function bypassed(target, noProxy) {
  const host = target.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  const port = target.port || (target.protocol === "https:" ? "443" : "80");
  return noProxy.toLowerCase().split(/[\s,]+/).some((entry) => {
    if (entry === "*") return true;
    const [, ofEntry = entry, portOfEntry] = chunkK62CODCC.$isIP(entry) ? [] : /^(.+):(\d+)$/.exec(entry) ?? [];
    if (portOfEntry !== void 0 && portOfEntry !== port) return false;
    const name = ofEntry.replace(/^\[|\]$/g, "").replace(/^\*?\./, "");
    if (name === "") return false;
    return chunkK62CODCC.$isIP(host) ? host === name || within$1(host, name) : host === name || host.endsWith(`.${name}`);
  });
}
function within$1(address, range) {
  const family = chunkK62CODCC.$isIP(address) === 6 ? "ipv6" : "ipv4";
  const list = new chunkK62CODCC.$BlockList();
  const [, from = "", by, to = ""] = /^([\da-f.:]+)([/-])([\da-f.:]+)$/.exec(range) ?? [];
  try {
    if (by === "/") list.addSubnet(from, Number(to), family);
    if (by === "-") list.addRange(from, to, family);
    return list.check(address, family);
  } catch {
    return false;
  }
}
var nameOf$1 = ({ shown, variable }) => `the proxy ${shown} (from ${variable})`;
function turnedAway(status, proxy, target) {
  const answer = $STATUS_CODES[status] ? `${status} ${$STATUS_CODES[status]}` : `${status}`;
  if (status === 407) {
    return new ProxyFault(
      `${nameOf$1(proxy)} wants a name and a password that it accepts (${answer})`,
      `Set ${proxy.variable} to \`http://name:password@…\`, with name and password percent-encoded, from a secret.`,
      false
    );
  }
  return new ProxyFault(
    `${nameOf$1(proxy)} made no connection to ${target.host} (${answer})`,
    `Ask whoever keeps the proxy to let ${target.host} through, or, if the runner can reach it without, add ${target.hostname} to NO_PROXY.`,
    status >= 500
  );
}
function unreachedProxy(reason, proxy, target, cause) {
  if (isUnbelieved(cause)) {
    return new ProxyFault(`${nameOf$1(proxy)} stands between: ${reason}`, UNBELIEVED, false, cause);
  }
  return new ProxyFault(
    `${nameOf$1(proxy)}: ${reason}`,
    `Check that the proxy is up and that the runner can reach it. If the runner can reach ${target.hostname} without it, add that to NO_PROXY.`,
    true,
    cause
  );
}
var UNBELIEVED = "The server showed a certificate that nobody vouches for. If your network's proxy opens what passes through it, store its certificate on the runner and set NODE_EXTRA_CA_CERTS to that file for the job. Otherwise somebody is in between: don't go on.";
function isUnbelieved(error) {
  if (!(error instanceof Error)) return false;
  return "code" in error ? /CERT|UNABLE_TO_VERIFY/.test(String(error.code)) : isUnbelieved(error.cause);
}
function uselessProxy(reason, proxy, cause) {
  return new ProxyFault(
    `${reason}, and ${nameOf$1(proxy)} is of a kind that only git goes through`,
    "If the runner reaches Heroku only through a proxy, set HTTPS_PROXY to one that speaks HTTP: `http://proxy.example:3128`.",
    true,
    cause
  );
}

// src/heroku/api-error.ts
var ApiError = class extends main.DeployError {
  /** the HTTP status; absent when there was no answer */
  status;
  /** it may well work a moment later: no answer, 429, 5xx */
  passing;
  /**
   * It was something that must not be done twice, and whether it was carried out is not known: look before you ask again.
   * Never together with `passing`.
   */
  unknown;
  constructor(fault, message, next, cause) {
    super("preflight-failed", message, next, { cause });
    this.status = fault.status;
    this.passing = fault.passing ?? false;
    this.unknown = fault.unknown ?? false;
  }
};
var requestOf = ({ method, path }) => `${method} ${path.slice(0, 200)}`;
function unreachable(cause, asked, sent) {
  if (sent && asked.once) return notKnown(`gave no answer (${reasonOf$1(cause)})`, asked, {}, cause);
  const message = `Heroku's API at ${asked.apiUrl} could not be reached for ${requestOf(asked)}: ${reasonOf$1(cause)}.`;
  if (cause instanceof ProxyFault) return new ApiError({ passing: cause.passing }, message, cause.next, cause);
  if (isUnbelieved(cause)) return new ApiError({}, message, UNBELIEVED, cause);
  return new ApiError(
    { passing: true },
    message,
    "Check that the runner can reach that address, and https://status.heroku.com. If it reaches the internet only through a proxy, set HTTPS_PROXY for the job.",
    cause
  );
}
function unreadable(what, asked) {
  const look = asked.once ? ` Look with ${asked.look} whether it was carried out, before you run the job again.` : "";
  return new ApiError(
    { unknown: asked.once },
    `The answer of ${asked.apiUrl} to ${requestOf(asked)} is not one of Heroku's API: ${what}.`,
    `Check that no proxy or portal answers in place of Heroku and, if it is set, the environment variable HEROKU_API_URL.${look}`
  );
}
function notKnown(what, asked, fault, cause) {
  return new ApiError(
    { ...fault, unknown: true },
    `Heroku's API ${what} to ${requestOf(asked)}, so whether it did what it was asked (${asked.doing}) is not known.`,
    `Look with ${asked.look} before you run the job again, and at https://status.heroku.com.`,
    cause
  );
}
function reasonOf$1(error) {
  if (!(error instanceof Error)) return "no answer";
  if (error.name === "TimeLimitError") return "no answer in time";
  if (error.cause instanceof Error && !(error instanceof ProxyFault)) return reasonOf$1(error.cause);
  return error.message || ("code" in error ? String(error.code) : error.name);
}

// built-in:string_decoder
var builtIn2$1 = /* @__PURE__ */ process.getBuiltinModule("node:string_decoder");
var own2$1 = (key) => builtIn2$1[key];
var $StringDecoder = /* @__PURE__ */ own2$1("StringDecoder");

// src/process/lines.ts
var LONGEST_LINE = 8192;
function createLineSplitter(onLine) {
  const decoder = new $StringDecoder("utf8");
  let rest = "";
  let given = false;
  function take(text) {
    const lines = (rest + text).split(/[\r\n]/);
    rest = lines.pop() ?? "";
    for (const line of lines) endLine(line);
    if (rest.length <= LONGEST_LINE) return;
    if (!given) give(rest);
    given = true;
    rest = "";
  }
  function endLine(line) {
    if (!given) give(line);
    given = false;
  }
  function give(line) {
    const trimmed = line.slice(0, LONGEST_LINE).trimEnd();
    if (trimmed !== "") onLine(trimmed);
  }
  return {
    write: (piece) => take(decoder.write(piece)),
    end() {
      take(decoder.end());
      endLine(rest);
      rest = "";
    }
  };
}

// src/heroku/time-limit.ts
var TimeLimitError = class extends Error {
  name = "TimeLimitError";
};
async function withinLimit(limitMs, { time, signal }, work) {
  const limit = new AbortController();
  const ended = new AbortController();
  const watch = time.sleep(limitMs, AbortSignal.any([signal, ended.signal])).then(
    () => limit.abort(new TimeLimitError(`not done within ${limitMs} ms`)),
    () => void 0
  );
  try {
    return await work(AbortSignal.any([signal, limit.signal]));
  } finally {
    ended.abort();
    await watch;
  }
}

// built-in:https
var builtIn3 = /* @__PURE__ */ process.getBuiltinModule("node:https");
var own3 = (key) => builtIn3[key];
var https_default = builtIn3;
var $Agent = /* @__PURE__ */ own3("Agent");

// src/together.ts
async function together$1(signal, tasks) {
  signal.throwIfAborted();
  const siblings = new AbortController();
  const linked = AbortSignal.any([signal, siblings.signal]);
  const failures = [];
  const results = await Promise.all(
    tasks.map(async (task) => {
      try {
        return await task(linked);
      } catch (error) {
        failures.push(error);
        siblings.abort(error);
        return void 0;
      }
    })
  );
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
  return results;
}

// src/heroku/releases.ts
var RELEASES_LOOKED_AT = 25;
var versionName = (version) => `v${version}`;
var short = (commit) => commit.slice(0, 8);
function createReleaseReader(api) {
  const slugs = /* @__PURE__ */ new Map();
  async function slugCommit(id, signal) {
    if (slugs.has(id)) return slugs.get(id);
    try {
      const commit = await api.slugCommit(id, signal);
      slugs.set(id, commit);
      return commit;
    } catch (error) {
      if (error instanceof ApiError && !error.passing && error.status !== 401) return void 0;
      throw error;
    }
  }
  async function commitOf(release, signal) {
    const commit = release.slugId && await slugCommit(release.slugId, signal);
    return commit || /^Deploy ([0-9a-f]{7,40})\b/.exec(release.description)?.[1];
  }
  return {
    slugCommit,
    async runs(release, commit, signal) {
      const found = await commitOf(release, signal);
      return found === void 0 ? void 0 : commit.startsWith(found) || found.startsWith(commit);
    }
  };
}
async function findRelease(reader, releases, { commit, newerThan }, signal) {
  const newer = releases.filter(({ version }) => version > newerThan);
  for (const release of newer.toReversed()) {
    if (await reader.runs(release, commit, signal)) return release;
  }
  return void 0;
}

// src/heroku/api-answers.ts
var UnreadableAnswerError = class extends Error {
  name = "UnreadableAnswerError";
};
function plain(text2, length = 200) {
  return text2.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "").trim().slice(0, length).toWellFormed();
}
var LONGEST_TEXT$1 = 1e3;
var LONGEST_NAME$1 = 100;
function fields(value, what) {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new UnreadableAnswerError(`${what} is not an object`);
}
function list(value, what) {
  if (Array.isArray(value)) return value;
  throw new UnreadableAnswerError(`${what} is not a list`);
}
function text(value, what) {
  if (typeof value === "string" && value !== "" && value.length <= LONGEST_TEXT$1) return value;
  throw new UnreadableAnswerError(`${what} is not a text`);
}
function name$1(value, what) {
  const shown = typeof value === "string" && value.length <= LONGEST_NAME$1 ? plain(value) : "";
  if (shown !== "") return shown;
  throw new UnreadableAnswerError(`${what} is not a text of at most ${LONGEST_NAME$1} characters`);
}
function reference(value, what) {
  return text(fields(value, what).id, `${what}'s id`);
}
function status(value, what) {
  if (value === "pending" || value === "succeeded" || value === "failed") return value;
  throw new UnreadableAnswerError(`${what} is none of pending, succeeded, failed`);
}
function optionalId(value) {
  if (typeof value !== "object" || value === null) return void 0;
  const { id } = value;
  return typeof id === "string" && id !== "" && id.length <= LONGEST_TEXT$1 ? id : void 0;
}
function httpUrl(value) {
  if (typeof value !== "string" || !URL.canParse(value)) return void 0;
  const { protocol, href } = new URL(value);
  return protocol === "https:" || protocol === "http:" ? href : void 0;
}
function readApp(value) {
  const app = fields(value, "the app");
  const webUrl = httpUrl(app.web_url);
  return {
    id: text(app.id, "the app's id"),
    name: name$1(app.name, "the app's name"),
    ...webUrl && { webUrl }
  };
}
function readRelease(value) {
  const release = fields(value, "the release");
  const { version, description } = release;
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1) {
    throw new UnreadableAnswerError("the release's version is not a number");
  }
  const slugId = optionalId(release.slug);
  const outputStreamUrl = httpUrl(release.output_stream_url);
  return {
    id: text(release.id, "the release's id"),
    version,
    status: status(release.status, "the release's status"),
    current: release.current === true,
    description: typeof description === "string" ? plain(description) : "",
    ...slugId && { slugId },
    ...outputStreamUrl && { outputStreamUrl }
  };
}
function readReleases(value, max) {
  const releases = list(value, "the answer").map(readRelease);
  return releases.sort((a, b) => b.version - a.version).slice(0, max);
}
function readSlugCommit(value) {
  const { commit } = fields(value, "the slug");
  return typeof commit === "string" && /^[0-9a-f]{7,64}$/i.test(commit) ? commit.toLowerCase() : void 0;
}
function readBuild(build) {
  const source = build.source_blob;
  const createdAt = typeof build.created_at === "string" ? Date.parse(build.created_at) : Number.NaN;
  const version = typeof source === "object" && source !== null ? source.version : void 0;
  const slugId = optionalId(build.slug);
  return {
    id: text(build.id, "the build's id"),
    status: status(build.status, "the build's status"),
    ...typeof version === "string" && { commit: version.toLowerCase() },
    ...slugId && { slugId },
    ...Number.isFinite(createdAt) && { createdAt }
  };
}
function readBuilds(value, max) {
  const builds = list(value, "the answer").map((entry) => fields(entry, "the build"));
  const created = ({ created_at }) => typeof created_at === "string" ? created_at : "";
  const newestFirst = builds.sort((a, b) => created(b).localeCompare(created(a)));
  return newestFirst.slice(0, max).map(readBuild);
}
function readConfigVars(value) {
  const entries = Object.entries(fields(value, "the answer"));
  return new Map(entries.filter((entry) => typeof entry[1] === "string"));
}

// built-in:stream
var builtIn$2 = /* @__PURE__ */ process.getBuiltinModule("node:stream");
var own$3 = (key) => builtIn$2[key];
var $Readable = /* @__PURE__ */ own$3("Readable");

// src/heroku/http.ts
var EMPTY = [204, 205, 304];
var NEVER_CONNECTED = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"];
function createFetch(env) {
  return async (input, init = {}) => {
    const { signal } = init;
    signal?.throwIfAborted();
    const target = new URL(typeof input === "object" && "url" in input ? input.url : input);
    const secure = target.protocol === "https:";
    const proxy = proxyFor(target, env);
    const { promise, resolve, reject } = Promise.withResolvers();
    const route = routeTo(secure, proxy);
    const request = (secure ? https_default : http_default).request(target, {
      method: init.method ?? "GET",
      headers: init.headers ?? {},
      agent: route.agent
    });
    let answer;
    const stop = () => {
      reject(signal?.reason);
      request.destroy();
      route.connecting()?.destroy();
      answer?.destroy(signal?.reason);
    };
    signal?.addEventListener("abort", stop, { once: true });
    request.on("close", () => signal?.removeEventListener("abort", stop));
    request.on("response", (incoming) => {
      answer = incoming;
      try {
        resolve(responseOf(incoming, secure ? void 0 : proxy, target));
      } catch (error) {
        incoming.destroy();
        reject(error);
      }
    });
    request.on("error", (error) => reject(proxy ? throughProxy(error, proxy, target, request) : error));
    request.end(typeof init.body === "string" ? init.body : void 0);
    return promise;
  };
}
function routeTo(secure, proxy) {
  let socket;
  const proxyEnv = proxy?.url === void 0 ? void 0 : { http_proxy: proxy.url, https_proxy: proxy.url };
  let agent;
  try {
    agent = new (secure ? https_default : http_default).Agent(proxyEnv ? { proxyEnv } : {});
  } catch (error) {
    if (!proxy) throw error;
    throw new ProxyFault(
      `the name or the password of the proxy ${proxy.shown} (from ${proxy.variable}) is not percent-encoded`,
      `Write each \`%\` in it as \`%25\` and each other sign but letters and digits likewise, in ${proxy.variable}.`,
      false
    );
  }
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const begun = connect(options, callback);
    socket = begun;
    return begun;
  };
  return { agent, connecting: () => socket };
}
function responseOf(incoming, proxy, target) {
  const { statusCode: status2 = 0, rawHeaders } = incoming;
  if (proxy?.url !== void 0 && status2 === 407) throw turnedAway(status2, proxy, target);
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  }
  if (EMPTY.includes(status2)) {
    incoming.resume();
    return new Response(null, { status: status2, headers });
  }
  return new Response($Readable.toWeb(incoming), { status: status2, headers });
}
function throughProxy(error, proxy, target, request) {
  const reason = error.message || String(error.code);
  if (proxy.url === void 0) return connected(error, request) ? error : uselessProxy(reason, proxy, error);
  if (error.code === "ERR_PROXY_TUNNEL" && error.statusCode)
    return turnedAway(error.statusCode, proxy, target);
  return connected(error, request) ? error : unreachedProxy(reason, proxy, target, error);
}
function connected({ code = "" }, { socket }) {
  return socket !== null && socket !== void 0 && !NEVER_CONNECTED.includes(code);
}
function neverSent(error) {
  if (!(error instanceof Error)) return false;
  if (error instanceof ProxyFault) return true;
  return NEVER_CONNECTED.includes(String(error.code)) || neverSent(error.cause);
}

// src/heroku/release-output.ts
var FIRST_LOOK_MS = 1e3;
var LONGEST_LOOK_MS = 5e3;
var SILENCE_MS = 6e4;
var TRIES$1 = 5;
var REDIRECTS = 3;
async function streamOutput(url, collaborators, onLine) {
  const { log, time, signal, hide, command } = collaborators;
  let shown = 0;
  let looks = 0;
  let failures = 0;
  for (; ; ) {
    const shownBefore = shown;
    let seen = 0;
    const show = (line) => {
      seen++;
      if (seen <= shown) return;
      shown = seen;
      onLine(hide(line));
    };
    try {
      const found = await readOnce(url, collaborators, show);
      if (found) return;
      if (shown > 0) throw new UnreadError("it is gone", true);
      await time.sleep(Math.min(FIRST_LOOK_MS * 2 ** looks++, LONGEST_LOOK_MS), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof UnreadError)) throw error;
      if (error.silent) continue;
      failures = shown > shownBefore ? 1 : failures + 1;
      if (!error.passing || failures === TRIES$1) {
        const what = shown > 0 ? "What else the release phase prints" : "What the release phase prints";
        log.warning(`${what} can't be read (${plain(hide(error.message))}); see it with \`${command}\``);
        return;
      }
      await time.sleep(FIRST_LOOK_MS * 2 ** (failures - 1), signal);
    }
  }
}
var UnreadError = class extends Error {
  /** it may well work a moment later */
  passing;
  /** nothing came for a while, which may be all there was to come */
  silent;
  constructor(reason, passing, silent = false) {
    super(reason);
    this.passing = passing;
    this.silent = silent;
  }
};
async function readOnce(url, collaborators, onLine) {
  const { time, signal } = collaborators;
  const attempt = new AbortController();
  const within = (work) => withinLimit(SILENCE_MS, { time, signal }, (limit) => {
    limit.addEventListener("abort", () => attempt.abort(limit.reason), { once: true });
    return work();
  });
  try {
    const response = await within(() => open$1(url, collaborators, attempt.signal)).catch(unread(false));
    const { status: status2, ok } = response;
    if (status2 === 404 || status2 === 204) return false;
    if (!ok || !response.body) {
      throw new UnreadError(`it is answered with ${status2}`, status2 === 429 || status2 >= 500);
    }
    const reader = response.body.getReader();
    const lines = createLineSplitter(onLine);
    for (; ; ) {
      const { done, value } = await within(() => reader.read()).catch(unread(true));
      if (done) break;
      lines.write(Buffer.from(value.filter((byte) => byte !== 0)));
    }
    lines.end();
    return true;
  } finally {
    attempt.abort();
  }
}
async function open$1(url, { env, fetch = createFetch(env) }, signal) {
  let from = url;
  for (let hop = 0; hop <= REDIRECTS; hop++) {
    if (!isOpen(from)) throw new UnreadError("its address is not one of https", false);
    const response = await fetch(from, {
      headers: { "User-Agent": "heroku-deploy-gate" },
      redirect: "manual",
      signal
    });
    const to = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || to === null || !URL.canParse(to, from))
      return response;
    await response.body?.cancel();
    from = new URL(to, from).href;
  }
  throw new UnreadError("it is redirected without an end", false);
}
function isOpen(url) {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || protocol === "http:" && hostname === "127.0.0.1";
}
function unread(begun) {
  return (error) => {
    if (error instanceof UnreadError) throw error;
    const passing = error instanceof ProxyFault ? error.passing : true;
    throw new UnreadError(reasonOf$1(error), passing, begun && error instanceof TimeLimitError);
  };
}

// src/heroku/follow.ts
var POLL_MS = 2e3;
var LAST_LINES_MS = 5e3;
var APPEARS_WITHIN_MS = 2 * 6e4;
var SILENT_MS = 5 * 6e4;
async function follow(target, collaborators) {
  var _stack = [];
  try {
    const { log, time, signal } = collaborators;
    const began = time.now();
    let seen;
    let answeredAt = began;
    const output = main.__using(_stack, new Output(target, collaborators), true);
    for (; ; ) {
      try {
        const releases = await target.api.releases(RELEASES_LOOKED_AT, signal);
        const release = await target.find(releases, signal);
        answeredAt = time.now();
        if (release && !target.printed) output.show(release);
        if (release && release.status !== seen?.status) {
          seen = { status: release.status, sinceMs: time.now() };
          log.info(`Release ${versionName(release.version)} of ${target.what}: ${release.status}`);
        }
        if (release?.status === "failed") throw releaseFailed(release, target);
        if (release?.status === "succeeded" && isInForce$1(release, releases, target, log)) {
          return versionName(release.version);
        }
        const waitingSince = release?.status === "pending" ? time.now() : seen?.sinceMs ?? began;
        if (time.now() - waitingSince >= APPEARS_WITHIN_MS) throw neverCame(release, target);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (!error.passing || time.now() - answeredAt >= SILENT_MS) throw unverified(error, target);
        log.warning(`${error.message} The release is still waited for`);
      }
      await time.sleep(POLL_MS, signal);
    }
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = main.__callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}
var Output = class {
  #app;
  #collaborators;
  #enough = new AbortController();
  #shown;
  constructor({ app }, collaborators) {
    this.#app = app;
    this.#collaborators = collaborators;
  }
  show({ outputStreamUrl, version }) {
    if (outputStreamUrl === void 0 || this.#shown !== void 0) return;
    const { signal, log, hide = (line) => line, ...around } = this.#collaborators;
    const command = `heroku releases:output ${versionName(version)} --app ${this.#app}`;
    const until = AbortSignal.any([signal, this.#enough.signal]);
    const needs = { ...around, log, hide, command, signal: until };
    this.#shown = streamOutput(outputStreamUrl, needs, (line) => log.info(`release: ${line}`)).catch(() => {
    });
  }
  async [Symbol.asyncDispose]() {
    if (this.#shown === void 0) return;
    const { time, signal } = this.#collaborators;
    const over = new AbortController();
    const limit = time.sleep(LAST_LINES_MS, AbortSignal.any([signal, over.signal])).catch(() => {
    });
    await Promise.race([this.#shown, limit]);
    over.abort();
    this.#enough.abort();
    await this.#shown;
  }
};
function isInForce$1(release, releases, target, log) {
  if (release.current) return true;
  const newer = releases.find(({ current, version }) => current && version > release.version);
  if (!newer) return false;
  if (newer.slugId !== release.slugId) throw replaced(release, newer, target);
  const [ours, theirs] = [versionName(release.version), versionName(newer.version)];
  log.warning(`${ours} succeeded, and ${theirs} (${newer.description}) is current by now`);
  return true;
}
function replaced(release, newer, { app, what }) {
  const [ours, theirs] = [versionName(release.version), versionName(newer.version)];
  return new main.DeployError(
    "release-failed",
    `Release ${ours} of ${what} succeeded, but ${app} runs ${theirs} (${newer.description}) by now, and that is of something else.`,
    `Somebody else has released meanwhile: see \`heroku releases --app ${app}\`. A \`concurrency\` group in the workflow keeps deploys from meeting.`
  );
}
function releaseFailed(release, { app, deed, currentRelease, remedy }) {
  const version = versionName(release.version);
  const still = currentRelease ? `The release that was current before, ${currentRelease}, is still running.` : "";
  return new main.DeployError(
    "release-failed",
    `${deed} succeeded, but its release ${version} failed. ${still}`.trimEnd(),
    `See what the release phase printed: \`heroku releases:output ${version} --app ${app}\`. ` + (remedy ?? `Then deploy a commit with the fix, or, if the cause lay outside the code, run this job again. (\`heroku releases:retry --app ${app}\` does so without a drain.)`)
  );
}
function neverCame(release, { app, what, deed }) {
  const waited = main.formatDuration(APPEARS_WITHIN_MS);
  return new main.DeployError(
    "release-failed",
    release ? `Release ${versionName(release.version)} of ${what} succeeded, but ${waited} later ${app} still runs another one.` : `${deed} went through, but ${app} had no release of it ${waited} later.`,
    `Look at \`heroku releases --app ${app}\` and at https://status.heroku.com.`
  );
}
function unverified(error, { app, deed }) {
  return new main.DeployError(
    "failed",
    `${deed} went through, but whether ${app} runs it can't be found out: ${error.message}`,
    `Look at \`heroku releases --app ${app}\`: the app may run the new release already. ${error.next}`,
    { cause: error }
  );
}

// src/heroku/standing.ts
async function readStanding(api, { log, signal }) {
  const [app, releases, formation, dynos] = await together$1(signal, [
    (linked) => api.app(linked),
    (linked) => api.releases(RELEASES_LOOKED_AT, linked),
    (linked) => ifAllowed(api.formation(linked)),
    (linked) => ifAllowed(api.dynos(linked))
  ]);
  if (formation === void 0 || dynos === void 0) {
    log.info(
      `The token may not read the dynos of ${app.name}: who must take part is what \`processes\` says alone`
    );
  }
  const current = releases.find((release) => release.current);
  return {
    app: app.name,
    appId: app.id,
    webUrl: app.webUrl ?? "",
    ...current && { currentRelease: versionName(current.version), currentReleaseId: current.id },
    ...current?.slugId && { currentSlug: current.slugId },
    newestVersion: releases[0]?.version ?? 0,
    ...formation && { formation },
    ...dynos && { dynos },
    api,
    releases
  };
}
async function ifAllowed(answer) {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return void 0;
    throw error;
  }
}

// src/heroku/api-refusal.ts
var NEW_TOKEN = 'Make a new one with `heroku authorizations:create --description "GitHub Actions"`, store it as a repository secret (Settings → Secrets and variables → Actions), and pass that secret as `heroku-api-key`.';
var BILLING = "Its owner settles that at https://dashboard.heroku.com/account/billing (for the app of a team, at the billing page of the team). Then run the job again.";
var SCOPES = {
  read: "read, write, read-protected, write-protected or global",
  "read-protected": "read-protected, write-protected or global",
  write: "write, write-protected or global",
  "write-protected": "write-protected or global"
};
function refusal(status2, said, asked) {
  if (status2 >= 500 && asked.once) return notKnown(`answered ${status2}`, asked, { status: status2 });
  const [message, next] = advice(status2, said, asked);
  const words = said.message === "" || status2 === 404 ? "" : ` Heroku says: "${said.message}"`;
  return new ApiError({ status: status2, passing: status2 === 429 || status2 >= 500 }, message + words, next);
}
function advice(status2, said, asked) {
  const answered = `${status2} to ${requestOf(asked)}`;
  if (status2 === 401) {
    return [
      `Heroku does not accept the token in \`heroku-api-key\` (${answered}): it is not valid, or it has expired or been revoked.`,
      NEW_TOKEN
    ];
  }
  if (status2 === 402) {
    return [
      `Heroku refuses to ${asked.doing} (${answered}): the account that pays for it is behind with its payments, or has to confirm how it pays.`,
      BILLING
    ];
  }
  if (status2 === 403) return forbidden(said, asked, answered);
  if (status2 === 404) return notFound(said, asked, answered);
  if (status2 === 409) {
    return [
      `Heroku can't ${asked.doing} now (${answered}): something else that is under way stands against it.`,
      `See what that is (\`heroku releases --app ${asked.app}\`, and the app's Activity tab in Heroku's dashboard), and run the job again when it is done.`
    ];
  }
  if (status2 === 422 && /^verification_/.test(said.id)) {
    return [
      `Heroku refuses to ${asked.doing} (${answered}): the account that owns ${asked.app} has to be verified first.`,
      BILLING
    ];
  }
  if (status2 === 422) {
    return [
      `Heroku refuses to ${asked.doing} as it was asked (${answered}).`,
      `Mend what Heroku names. \`heroku releases --app ${asked.app}\` and \`heroku ps --app ${asked.app}\` show how things stand.`
    ];
  }
  if (status2 === 429) {
    return [
      `Heroku's API answers ${answered}: this account has used up its calls for now.`,
      "An account has 4,500 calls an hour, shared by all its tokens. Run the job again in some minutes, or give the deploy a token of an account of its own."
    ];
  }
  if (status2 >= 500) {
    return [
      `Heroku's API answered ${answered}, also when asked again.`,
      "Look at https://status.heroku.com and run the job again when Heroku is well."
    ];
  }
  return [
    `Heroku's API answered ${answered}.`,
    `Check \`heroku-app\` (${asked.app}) and, if it is set, the environment variable HEROKU_API_URL (${asked.apiUrl}).`
  ];
}
function forbidden({ id, message }, { app, doing, scope }, answered) {
  if (id === "suspended") {
    return [
      `Heroku refuses to ${doing} (${answered}): the account that owns the token, or ${app} itself, is suspended.`,
      "Heroku has written to the owner why. If not, ask at https://help.heroku.com."
    ];
  }
  if (id === "two_factor") {
    return [
      `Heroku asks for a second factor to ${doing} (${answered}), which no workflow can give.`,
      `The token is one of a login in person. ${NEW_TOKEN}`
    ];
  }
  if (/\bSSO\b|single sign-on|identity provider/i.test(`${id} ${message}`)) {
    return [
      `Heroku wants a token of somebody who signed in by single sign-on to ${doing} (${answered}).`,
      `Sign in by your company's single sign-on (\`heroku login\`) as the account that is to deploy. ${NEW_TOKEN}`
    ];
  }
  if (/\bIP\b|allow-?list/i.test(`${id} ${message}`)) {
    return [
      `Heroku does not let the token in \`heroku-api-key\` ${doing} from the address of this runner (${answered}).`,
      "GitHub's own runners have changing addresses: run this job on a runner within the ranges that are allowed, or have an administrator of the team allow those of the runner."
    ];
  }
  return [
    `The token in \`heroku-api-key\` may not ${doing} (${answered}).`,
    `It needs the scope ${SCOPES[scope]}: \`heroku authorizations:create --scope write-protected\` makes a token that can do all of a deploy (\`--scope read-protected\` one for \`dry-run: true\`). Store it as the repository secret that is passed as \`heroku-api-key\`. The account that owns it needs access to ${app}: \`heroku access:add <email> --app ${app}\`; in a team, with the permissions view, deploy and operate.`
  ];
}
function notFound({ resource, message }, { app, doing, path }, answered) {
  const missing = resource || /\bfind that ([a-z -]{1,40})\./.exec(message)?.[1];
  if (missing === "app" || /^\/apps\/[^/]+$/.test(path)) {
    return [
      `Heroku knows no app of the name ${app} that this token can see (${answered}).`,
      `Check the spelling of \`heroku-app\`, and that the account that owns the token has access to the app: \`heroku access:add <email> --app ${app}\`.`
    ];
  }
  return [
    `Heroku could not ${doing} (${answered}): it knows no such ${missing ?? "thing"}, or this token can't see it.`,
    `It may be gone by now. If it should be there, see that the account that owns the token has access to it (\`heroku access --app ${app}\`).`
  ];
}

// src/heroku/api-client.ts
var MOST_PAGES = 25;
async function askForAll(ask, call, signal, read) {
  const all = [];
  let range;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { found, next } = await ask({ ...call, ...range && { range } }, signal, (value, next2) => ({
      found: read(value),
      next: next2
    }));
    all.push(...found);
    if (!next) break;
    range = next;
  }
  return all;
}
var TRIES = 5;
var ATTEMPT_LIMIT_MS = 15e3;
var LONGEST_WAIT_MS = 6e4;
var LONGEST_ANSWER = 1048576;
function createApiClient(address, collaborators) {
  const { app, apiUrl, apiKey } = address;
  const base = apiUrl.replace(/\/+$/, "");
  const mask = main.maskOf(apiKey);
  const fetch = collaborators.fetch ?? createFetch(collaborators.env);
  async function attempt(asked, call, signal) {
    const response = await fetch(base + call.path, {
      method: call.method,
      headers: {
        Accept: "application/vnd.heroku+json; version=3",
        Authorization: `Bearer ${apiKey}`,
        "User-Agent": "heroku-deploy-gate",
        ...call.range && { Range: call.range },
        ...call.body !== void 0 && { "Content-Type": "application/json" }
      },
      ...call.body !== void 0 && { body: JSON.stringify(call.body) },
      redirect: "manual",
      signal
    });
    const body = await readBody(response);
    const next = response.status === 206 ? response.headers.get("next-range") : null;
    if (response.ok) return { value: parse(body), ...next && { next } };
    const error = refusal(response.status, spoken(body, mask), asked);
    throw error.passing ? new PassingFault(error, retryAfterMs(response)) : error;
  }
  return (call, signal, read) => {
    const { method, path, doing, scope, look } = call;
    const once = method !== "GET" && !call.repeatable;
    const asked = { app, apiUrl: base, method, path, doing, scope, once, look };
    return chunkK62CODCC.pRetry(
      async () => {
        try {
          const limited = { time: collaborators.time, signal };
          const { value, next } = await withinLimit(
            ATTEMPT_LIMIT_MS,
            limited,
            (limit) => attempt(asked, call, limit)
          );
          return read(value, next);
        } catch (error) {
          if (error instanceof PassingFault || error instanceof ApiError) throw final(error);
          if (error instanceof UnreadableAnswerError) throw final(unreadable(error.message, asked));
          const fault = unreachable(error, asked, !neverSent(error));
          throw fault.passing ? new PassingFault(fault) : final(fault);
        }
      },
      {
        retries: TRIES - 1,
        // The waiting is done below, by the time that came in and as long as the server asks.
        minTimeout: 0,
        signal,
        async onFailedAttempt({ error, attemptNumber, retriesLeft }) {
          if (retriesLeft === 0 || !(error instanceof PassingFault)) return;
          const waitMs = error.retryAfterMs ?? backoffMs(attemptNumber, collaborators.random ?? Math.random);
          const what = error.error.status ? `Heroku's API answered ${error.error.status} to ${requestOf(asked)}` : `Heroku's API gave no answer to ${requestOf(asked)} (${reasonOf$1(error.error.cause)})`;
          const again = `trying again in ${main.formatDuration(waitMs)} (${attemptNumber + 1} of ${TRIES})`;
          collaborators.log.info(`${what}; ${again}`);
          await collaborators.time.sleep(waitMs, signal);
        }
      }
    ).catch((error) => {
      throw error instanceof PassingFault ? error.error : error;
    });
  };
}
var PassingFault = class extends Error {
  error;
  retryAfterMs;
  constructor(error, retryAfterMs2) {
    super(error.message);
    this.error = error;
    this.retryAfterMs = retryAfterMs2;
  }
};
var final = (error) => error instanceof ApiError ? new chunkK62CODCC.AbortError(error) : error;
function backoffMs(attemptNumber, random) {
  return Math.round(500 * 2 ** (attemptNumber - 1) * (1 + random()));
}
function retryAfterMs(response) {
  const header = response.headers.get("retry-after")?.trim();
  if (!header) return void 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1e3 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), LONGEST_WAIT_MS) : void 0;
}
async function readBody(response) {
  const pieces = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    length += piece.byteLength;
    if (length > LONGEST_ANSWER) throw new UnreadableAnswerError("it is longer than 1 MiB");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}
function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    throw new UnreadableAnswerError("it is not JSON");
  }
}
function spoken(body, mask) {
  const fields2 = errorFields(body);
  const shown = (value) => typeof value === "string" ? plain(mask(value)) : "";
  return { id: shown(fields2.id), message: shown(fields2.message), resource: shown(fields2.resource) };
}
function errorFields(body) {
  try {
    return Object(JSON.parse(body));
  } catch {
    return {};
  }
}

// src/heroku/dyno-answers.ts
function readFormation(value) {
  return list(value, "the answer").map((entry) => {
    const { type, quantity, command } = fields(entry, "the formation");
    if (!isCount(quantity)) throw new UnreadableAnswerError("the formation's quantity is not a number");
    return {
      type: name$1(type, "the formation's type"),
      quantity,
      ...typeof command === "string" && { command }
    };
  });
}
function readDynos(value) {
  return list(value, "the answer").map(readDyno);
}
function readDyno(value) {
  const dyno = fields(value, "the dyno");
  return {
    id: text(dyno.id, "the dyno's id"),
    name: name$1(dyno.name, "the dyno's name"),
    type: name$1(dyno.type, "the dyno's type"),
    state: name$1(dyno.state, "the dyno's state"),
    version: versionOf(dyno.release)
  };
}
function readOneOffDyno(value) {
  const dyno = fields(value, "the dyno");
  const attachUrl = text(dyno.attach_url, "the dyno's attach_url");
  if (!URL.canParse(attachUrl)) throw new UnreadableAnswerError("the dyno's attach_url is not a URL");
  return { id: text(dyno.id, "the dyno's id"), name: name$1(dyno.name, "the dyno's name"), attachUrl };
}
function versionOf(release) {
  const version = typeof release === "object" && release !== null ? release.version : void 0;
  return isCount(version) ? version : 0;
}
var isCount = (value) => Number.isSafeInteger(value) && value >= 0;

// src/heroku/pipeline-answers.ts
function readPipelineCoupling(value) {
  const { pipeline, stage } = fields(value, "the app's place in its pipeline");
  return { pipelineId: reference(pipeline, "the pipeline"), stage: name$1(stage, "the pipeline's stage") };
}
function readPromotion(value) {
  return text(fields(value, "the promotion").id, "the promotion's id");
}
function readPromotionTargets(value) {
  return list(value, "the answer").map((entry) => {
    const target = fields(entry, "the promotion target");
    const releaseId = optionalId(target.release);
    const error = typeof target.error_message === "string" ? plain(target.error_message) : "";
    return {
      appId: reference(target.app, "the promotion target's app"),
      status: status(target.status, "the promotion target's status"),
      ...releaseId && { releaseId },
      ...error && { error }
    };
  });
}

// src/heroku/platform-api.ts
var newest = (field, max) => `${field} ..; order=desc,max=${max}`;
var segment = (text2) => encodeURIComponent(text2.toWellFormed());
function createPlatformApi(address, collaborators) {
  const { app } = address;
  const home = `/apps/${segment(app)}`;
  const ask = createApiClient(address, collaborators);
  const releasesCommand = `\`heroku releases --app ${app}\``;
  const dynosCommand = `\`heroku ps --app ${app}\``;
  const read = (path, what, range) => ({
    method: "GET",
    path,
    doing: `read ${what}`,
    scope: "read",
    look: releasesCommand,
    ...range && { range }
  });
  const write = (path, doing, body, look = releasesCommand) => ({
    method: "POST",
    path,
    doing,
    scope: "write",
    body,
    look
  });
  const builds = (max, signal) => ask(
    read(`${home}/builds`, `the builds of ${app}`, newest("created_at", max)),
    signal,
    (value) => readBuilds(value, max)
  );
  return {
    appName: app,
    app: (signal) => ask(read(home, `the app ${app}`), signal, readApp),
    configVars(signal) {
      const call = read(`${home}/config-vars`, `the config vars of ${app}`);
      return ask({ ...call, scope: "read-protected" }, signal, readConfigVars);
    },
    releases: (max, signal) => ask(
      read(`${home}/releases`, `the releases of ${app}`, newest("version", max)),
      signal,
      (value) => readReleases(value, max)
    ),
    release: (version, signal) => ask(read(`${home}/releases/${version}`, `release v${version} of ${app}`), signal, readRelease),
    slugCommit: (id, signal) => ask(read(`${home}/slugs/${segment(id)}`, `the slug ${plain(id)}`), signal, readSlugCommit),
    builds,
    newestBuild: async (signal) => (await builds(10, signal))[0],
    formation: (signal) => askForAll(ask, read(`${home}/formation`, `the formation of ${app}`), signal, readFormation),
    dynos: (signal) => askForAll(ask, read(`${home}/dynos`, `the dynos of ${app}`), signal, readDynos),
    makeRelease(slug, description, signal) {
      const call = write(`${home}/releases`, `make a release of ${app}`, { slug, description });
      return ask(call, signal, readRelease);
    },
    rollBack(release, signal) {
      const look = `\`heroku releases --app ${app}\``;
      return ask(write(`${home}/releases`, `roll ${app} back`, { release }, look), signal, readRelease);
    },
    pipeline: (signal) => unlessAbsent(
      ask(read(`${home}/pipeline-couplings`, `the pipeline of ${app}`), signal, readPipelineCoupling)
    ),
    promote({ pipelineId, sourceAppId, targetAppId }, signal) {
      const body = {
        pipeline: { id: pipelineId },
        source: { app: { id: sourceAppId } },
        targets: [{ app: { id: targetAppId } }]
      };
      return ask(write("/pipeline-promotions", `promote to ${app}`, body), signal, readPromotion);
    },
    promotionTargets: (id, signal) => ask(
      read(
        `/pipeline-promotions/${segment(id)}/promotion-targets`,
        `what became of the promotion to ${app}`
      ),
      signal,
      readPromotionTargets
    ),
    runDyno({ command, env, timeToLiveSec, size }, signal) {
      const body = {
        command,
        attach: true,
        // Its output is a log: no echo, no sizes, no `\r\n`.
        force_no_tty: true,
        ...env && { env },
        ...timeToLiveSec !== void 0 && { time_to_live: timeToLiveSec },
        ...size && { size }
      };
      const call = write(`${home}/dynos`, `start a one-off dyno of ${app}`, body, dynosCommand);
      return ask({ ...call, scope: "write-protected" }, signal, readOneOffDyno);
    },
    dyno: (name2, signal) => unlessAbsent(
      ask(read(`${home}/dynos/${segment(name2)}`, `the dyno ${plain(name2)} of ${app}`), signal, readDyno)
    ),
    async stopDyno(name2, signal) {
      const path = `${home}/dynos/${segment(name2)}/actions/stop`;
      const call = write(path, `stop the dyno ${plain(name2)} of ${app}`, {}, dynosCommand);
      await unlessAbsent(ask({ ...call, repeatable: true }, signal, () => void 0));
    }
  };
}
async function unlessAbsent(answer) {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return void 0;
    throw error;
  }
}

// src/heroku/release.ts
var LOOK_AGAIN_MS$1 = 2e3;
var SETTLES_WITHIN_MS = 6e4;
async function release(api, making, collaborators) {
  const { log, signal } = collaborators;
  try {
    const made = await making.make();
    log.info(`${versionName(made.version)} of ${api.appName} is made: ${making.description}`);
    return made.id;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ApiError)) throw error;
    const made = error.unknown ? await lookFor$1(api, error, making, collaborators) : void 0;
    if (made !== void 0) return made.id;
    throw new main.DeployError("push-failed", error.message, error.next, { cause: error });
  }
}
async function lookFor$1(api, lost, { newestVersion, isOurs }, { log, time, signal }) {
  log.warning(`${lost.message} Looking whether it is there`);
  const began = time.now();
  for (; ; ) {
    try {
      for (const one of (await api.releases(RELEASES_LOOKED_AT, signal)).toReversed()) {
        if (one.version <= newestVersion || !await isOurs(one)) continue;
        log.info(`${versionName(one.version)} of ${api.appName} is there: ${one.description}`);
        return one;
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      log.warning(error.message);
      if (!error.passing) return void 0;
    }
    if (time.now() - began >= SETTLES_WITHIN_MS) {
      log.warning(`No sign of it after ${main.formatDuration(time.now() - began)}`);
      return void 0;
    }
    await time.sleep(LOOK_AGAIN_MS$1, signal);
  }
}

// src/heroku/rerelease.ts
var BUILDS_LOOKED_AT$1 = 200;
async function slugOf(commit, api, { releases }, signal) {
  const reader = createReleaseReader(api);
  const current = releases.filter((one) => one.current);
  for (const one of [...current, ...releases]) {
    if (one.slugId && await reader.runs(one, commit, signal)) return one.slugId;
  }
  const builds = await api.builds(BUILDS_LOOKED_AT$1, signal);
  const built = builds.find((build) => build.commit === commit && build.slugId !== void 0);
  if (built?.slugId) return built.slugId;
  throw new main.DeployError(
    "preflight-failed",
    `${api.appName} has no slug of ${short(commit)} that could be released: it was never built, or that is too long ago.`,
    `Deploy it with \`strategy: git-push\`, or name a release whose slug is meant, such as \`slug: v41\` (\`heroku releases --app ${api.appName}\` lists them).`
  );
}
function rerelease(target, slugId, collaborators) {
  const { app, api, commit, newestVersion, currentRelease } = target;
  const what = commit === "" ? `slug ${short(slugId)}` : short(commit);
  const description = `Deploy ${what}`;
  let made;
  return {
    ...target,
    async publish(signal) {
      const making = {
        description,
        newestVersion,
        // Config vars that somebody sets make a release of the same slug, too.
        isOurs: (one) => one.slugId === slugId && one.description === description,
        make: () => api.makeRelease(slugId, description, signal)
      };
      made = await release(api, making, { ...collaborators, signal });
    },
    verify: (signal) => follow(
      {
        ...{ app, api, what },
        deed: `The request to release ${what}`,
        ...currentRelease && { currentRelease },
        find: async (releases) => releases.find(({ id }) => id === made)
      },
      { ...collaborators, signal }
    )
  };
}

// built-in:fs/promises
var builtIn$1 = /* @__PURE__ */ process.getBuiltinModule("node:fs/promises");
var own$2 = (key) => builtIn$1[key];
var $access = /* @__PURE__ */ own$2("access");
var $stat = /* @__PURE__ */ own$2("stat");

// src/process/executable.ts
async function executability(path) {
  try {
    if (!(await $stat(path)).isFile()) return "absent";
  } catch {
    return "absent";
  }
  return $access(path, main.$constants2.X_OK).then(
    () => "runs",
    () => "not-executable"
  );
}
function pathOf(env) {
  return Object.entries(env).find(([name]) => name.toLowerCase() === "path")?.[1] ?? "";
}

// built-in:child_process
var builtIn2 = /* @__PURE__ */ process.getBuiltinModule("node:child_process");
var own2 = (key) => builtIn2[key];
var $execFile = /* @__PURE__ */ own2("execFile");
var $spawn = /* @__PURE__ */ own2("spawn");

// src/process/signal-group.ts
function signalGroup(leader, name) {
  try {
    process.kill(-leader, name);
  } catch (error) {
    const { code } = error;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}

// src/process/process-group.ts
var KILL_AFTER_MS = 2e3;
var CLOSE_WITHIN_MS = 5e3;
async function runGroup(command, { time, signal }) {
  signal.throwIfAborted();
  const child = $spawn(command.program, command.args, {
    cwd: command.cwd,
    env: command.env,
    stdio: command.onLine ? [command.input === void 0 ? "ignore" : "pipe", "pipe", "pipe"] : "inherit",
    detached: process.platform !== "win32",
    windowsHide: true
  });
  child.stdin?.on("error", () => {
  }).end(command.input);
  for (const name of ["stdout", "stderr"]) {
    if (name === "stdout" && command.onBytes) {
      child.stdout?.on("data", command.onBytes);
      continue;
    }
    const lines = createLineSplitter((line) => command.onLine?.(line, name));
    child[name]?.on("data", lines.write).on("end", lines.end);
  }
  const closed = new Promise((resolve) => child.once("close", () => resolve()));
  const exited = new Promise((resolve, reject) => {
    child.once("exit", (code, name) => resolve({ code, ...name && { signal: name } })).once("error", reject);
  });
  if (child.pid !== void 0) command.onStart?.((name) => sendTo(child, name));
  let stopped;
  const stop = () => {
    stopped = endGroup(child, exited, command.env, time);
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    const ended = await exited;
    signal.removeEventListener("abort", stop);
    await stopped;
    await soon(closed, CLOSE_WITHIN_MS, time);
    if (stopped) signal.throwIfAborted();
    return ended;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
async function endGroup(child, exited, env, time) {
  if (child.pid === void 0) return;
  if (process.platform === "win32") return endTree(child.pid, env);
  signalGroup(child.pid, "SIGTERM");
  await soon(exited, KILL_AFTER_MS, time);
  signalGroup(child.pid, "SIGKILL");
}
async function soon(event, ms, time) {
  const over = new AbortController();
  const limit = time.sleep(ms, over.signal).catch(() => void 0);
  await Promise.race([event.catch(() => void 0), limit]);
  over.abort();
}
function sendTo(child, name) {
  if (process.platform === "win32") child.kill(name);
  else if (child.pid !== void 0) signalGroup(child.pid, name);
}
function endTree(pid, env) {
  const root = Object.entries(env).find(([name]) => name.toLowerCase() === "systemroot")?.[1] ?? "C:\\Windows";
  const args = ["/pid", String(pid), "/T", "/F"];
  return new Promise((resolve) => {
    $execFile(main.$join(root, "System32", "taskkill.exe"), args, { windowsHide: true }, () => resolve());
  });
}

// src/heroku/git-environment.ts
var PASSED = /* @__PURE__ */ new Set([
  ...["path", "pathext", "home", "user", "logname", "username", "tmpdir", "tmp", "temp"],
  ...["userprofile", "homedrive", "homepath", "appdata", "localappdata", "programdata", "programfiles"],
  ...["programfiles(x86)", "systemroot", "systemdrive", "windir", "comspec", "xdg_config_home"],
  ...["http_proxy", "https_proxy", "all_proxy", "no_proxy"],
  ...["ssl_cert_file", "ssl_cert_dir", "curl_ca_bundle", "git_ssl_cainfo", "git_ssl_capath"],
  ...["git_exec_path", "git_config_global", "git_config_system", "git_config_nosystem"],
  // The checkout's own remote may be reached over SSH, when a shallow or partial clone must be completed.
  ...["ssh_auth_sock", "ssh_agent_pid", "git_ssh", "git_ssh_command", "git_ssh_variant"]
]);
function appended(env, settings) {
  const given = /^\d{1,4}$/.test(env.GIT_CONFIG_COUNT ?? "") ? Number(env.GIT_CONFIG_COUNT) : 0;
  const pairs = {};
  for (let i = 0; i < given; i++) {
    for (const name of [`GIT_CONFIG_KEY_${i}`, `GIT_CONFIG_VALUE_${i}`]) {
      if (env[name] !== void 0) pairs[name] = env[name];
    }
  }
  settings.forEach(([key, value], i) => {
    pairs[`GIT_CONFIG_KEY_${given + i}`] = key;
    pairs[`GIT_CONFIG_VALUE_${given + i}`] = value;
  });
  return { ...pairs, GIT_CONFIG_COUNT: String(given + settings.length) };
}
var QUIET = [
  ["core.hooksPath", main.$devNull],
  ["core.fsmonitor", "false"]
];
function localEnvironment(env) {
  return environment(env, QUIET);
}
function herokuEnvironment(env, remoteUrl, apiKey) {
  return environment(env, [
    ...QUIET,
    [`http.${remoteUrl}.extraHeader`, ""],
    [`http.${remoteUrl}.extraHeader`, main.basicHeader(apiKey)],
    // Git would take the header along to wherever it is sent.
    [`http.${remoteUrl}.followRedirects`, "false"],
    [`credential.${remoteUrl}.helper`, ""],
    ["push.pushOption", ""]
  ]);
}
function environment(env, settings) {
  const passed = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== void 0 && PASSED.has(name.toLowerCase())) passed[name] = value;
  }
  return {
    ...passed,
    ...appended(env, settings),
    // Messages are read by this program, so they must not depend on the machine's language.
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "",
    GCM_INTERACTIVE: "never",
    // Off even where the machine's configuration turns them on: they would write the settings above to a file.
    GIT_TRACE2: "0",
    GIT_TRACE2_EVENT: "0",
    GIT_TRACE2_PERF: "0"
  };
}

// src/heroku/git.ts
var KEPT_LINES = 200;
var UNSTOPPED = new AbortController().signal;
var OLDEST = [2, 31];
async function createGit(place, collaborators) {
  const { env, time } = collaborators;
  const program = await findGit(env);
  const remoteUrl = `${place.gitUrl.replace(/\/+$/, "")}/${place.app}.git`;
  const local = localEnvironment(env);
  const withToken = herokuEnvironment(env, remoteUrl, place.apiKey);
  const mask = main.maskOf(place.apiKey);
  async function stoppable(environment2, args, signal, show = () => {
  }) {
    const kept = { stdout: [], stderr: [] };
    const onLine = (line, stream) => {
      const masked = mask(line);
      if (kept[stream].push(masked) > KEPT_LINES) kept[stream].shift();
      show(masked);
    };
    const command = { program, args, cwd: place.directory, env: environment2, onLine };
    const { code } = await runGroup(command, { time, signal });
    return { code, ...kept };
  }
  return {
    remoteUrl,
    local: (...args) => stoppable(local, args, UNSTOPPED),
    async plumbing(args, signal, { input, env: own3 } = {}) {
      const pieces = [];
      const stderr = [];
      const command = {
        program,
        args,
        cwd: place.directory,
        env: { ...local, ...own3 },
        ...input !== void 0 && { input },
        onBytes: (piece) => void pieces.push(piece),
        onLine: (line) => void stderr.push(line)
      };
      const { code } = await runGroup(command, { time, signal });
      return { code, stdout: Buffer.concat(pieces), stderr: stderr.slice(-KEPT_LINES) };
    },
    fetch: (args, signal) => stoppable(local, args, signal),
    heroku: (args, signal, onLine) => stoppable(withToken, args, signal, onLine)
  };
}
async function findGit(env) {
  const name = process.platform === "win32" ? "git.exe" : "git";
  for (const folder of pathOf(env).split(main.$delimiter)) {
    if (!main.$isAbsolute(folder)) continue;
    const candidate = main.$join(folder, name);
    if (await executability(candidate) === "runs") return candidate;
  }
  throw new main.DeployError(
    "preflight-failed",
    "There is no git on the PATH of this runner, and the deploy is a git push.",
    "Install git 2.31 or newer before this step. A job that runs in a container needs it in the image, for example by `apt-get update && apt-get install -y git`."
  );
}
async function assertGitVersion(git) {
  const { stdout } = await git.local("--version");
  const [, major, minor] = /^git version (\d+)\.(\d+)/.exec(stdout[0] ?? "") ?? [];
  const [oldestMajor, oldestMinor] = OLDEST;
  if (Number(major) > oldestMajor || Number(major) === oldestMajor && Number(minor) >= oldestMinor) return;
  throw new main.DeployError(
    "preflight-failed",
    `This runner's git is too old: ${stdout[0] ?? "it does not tell its version"}.`,
    "Install git 2.31 or newer: it is the first that takes the token without writing it into a file or a command line."
  );
}

// src/heroku/checkout.ts
var FETCH_DEPTH = `Fetch the whole history in the workflow:
      - uses: actions/checkout@v6
        with:
          fetch-depth: 0`;
async function resolveCommit(git, plan, { log, signal }) {
  await assertGitVersion(git);
  if (await isShallow(git, plan.directory)) await unshallow(git, log, signal);
  signal.throwIfAborted();
  const found = await git.local(
    "rev-parse",
    "--verify",
    "--quiet",
    "--end-of-options",
    `${plan.ref}^{commit}`
  );
  signal.throwIfAborted();
  const commit = found.stdout[0] ?? "";
  if (found.code === 0 && /^[0-9a-f]{40,64}$/.test(commit)) return commit;
  throw new main.DeployError(
    "preflight-failed",
    `The input \`ref\` is ${JSON.stringify(plan.ref)}, and that names no commit in the checkout at ${plan.directory}.`,
    `Give a commit, branch or tag that the checkout step fetches, or leave \`ref\` out to deploy what is checked out. A branch other than the one that is checked out is called origin/<branch>. ${FETCH_DEPTH}`
  );
}
async function assertFolder(directory) {
  const folder = await $stat(directory).catch(() => void 0);
  if (folder?.isDirectory()) return;
  throw new main.DeployError(
    "preflight-failed",
    `The folder to deploy from, ${directory}, does not exist.`,
    "Run `actions/checkout` before this step."
  );
}
async function isShallow(git, directory) {
  const answer = await git.local("rev-parse", "--is-shallow-repository");
  if (answer.code === 0) return answer.stdout[0] === "true";
  const said = answer.stderr.join(" ");
  if (said.includes("dubious ownership")) {
    throw new main.DeployError(
      "preflight-failed",
      `Git refuses to work in ${directory}, because the folder belongs to another user than the one who runs this step.`,
      'Trust the folder in a step before this one: `git config --global --add safe.directory "$GITHUB_WORKSPACE"`. It happens in jobs that run in a container, and on self-hosted runners.'
    );
  }
  if (said.includes("not a git repository")) {
    throw new main.DeployError(
      "preflight-failed",
      `${directory} is not in a git repository.`,
      "Run `actions/checkout` before this step. In a container without git, checkout downloads the files without their history: install git before it."
    );
  }
  throw new main.DeployError(
    "preflight-failed",
    `Git can't read the repository in ${directory}: ${answer.stderr.at(-1) ?? `exit code ${answer.code}`}`,
    "Run `git status` in that folder to see what is wrong with it."
  );
}
async function unshallow(git, log, signal) {
  const { stdout: remotes } = await git.local("remote");
  const remote = remotes.includes("origin") ? "origin" : remotes[0];
  if (remote === void 0) throw shallow("it has no remote to fetch the rest from");
  log.info(`The checkout is a shallow clone; fetching the rest of its history from ${remote}`);
  const options = ["--unshallow", "--no-tags", "--no-recurse-submodules", "--end-of-options", remote, "HEAD"];
  const done = await git.fetch(["fetch", ...options], signal);
  if (done.code !== 0) throw shallow(done.stderr.at(-1) ?? `git ended with exit code ${done.code}`);
}
function shallow(reason) {
  return new main.DeployError(
    "preflight-failed",
    `The checkout is a shallow clone, Heroku takes no push from one, and its history could not be completed: ${reason}`,
    FETCH_DEPTH
  );
}

// src/deploy/watch.ts
var EVERY_MS = 15e3;
async function during(work, concerns, log, time) {
  const done = new AbortController();
  const told = /* @__PURE__ */ new Set();
  const look = async () => {
    for (const line of await concerns().catch(() => [])) {
      if (!told.has(line)) log.warning(line);
      told.add(line);
    }
  };
  const watch = async () => {
    for (; ; ) {
      await time.sleep(EVERY_MS, done.signal);
      await look();
    }
  };
  const watching = watch().catch(() => {
  });
  try {
    const result = await work();
    done.abort();
    await watching;
    await look();
    return result;
  } finally {
    done.abort();
    await watching;
  }
}

// src/deploy/expected.ts
function expected(processes, formation, dynos = []) {
  if (formation === void 0) return { asked: processes, dynos: [], notes: [] };
  const notes = [];
  const present = [];
  const asked = processes.flatMap((process) => {
    const { type, demanded } = process;
    const quantity = formation.find((one) => one.type === type)?.quantity;
    if (quantity === void 0) {
      notes.push(
        `Heroku knows no process type ${type} of this app: it has ${chunkR2YOQZTL.enumerate(formation.map((one) => one.type)) || "none"}`
      );
      return [process];
    }
    if (quantity === 0 && !demanded) {
      notes.push(`${type} is scaled to 0: there is nobody to drain`);
      return [];
    }
    const ofType = dynos.filter((dyno) => dyno.type === type);
    const running = ofType.filter(({ state }) => !STOPPED.has(state));
    const runs = new Set(running.map(({ name }) => name));
    const stopped = new Map(
      ofType.filter(({ name }) => !runs.has(name)).map(({ name, state }) => [name, state])
    );
    for (const [name, state] of stopped) {
      notes.push(`${name} is ${state}: nothing runs there that a deploy could end, so it is not waited for`);
    }
    present.push(...running);
    return [demanded ? process : { ...process, atLeast: Math.max(quantity - stopped.size, runs.size) }];
  });
  return {
    asked,
    dynos: present.map(({ name, type, version }) => ({
      dyno: name,
      type,
      ...version > 0 && { release: `v${version}` }
    })),
    notes
  };
}
var STOPPED = /* @__PURE__ */ new Set(["crashed", "down", "idle"]);

// built-in:crypto
var builtIn = /* @__PURE__ */ process.getBuiltinModule("node:crypto");
var own$1 = (key) => builtIn[key];
var $createHash = /* @__PURE__ */ own$1("createHash");
var $randomBytes = /* @__PURE__ */ own$1("randomBytes");
var $randomUUID = /* @__PURE__ */ own$1("randomUUID");

// src/protocol/owner.ts
function lostReply(kind, reply) {
  if (kind !== "lost") throw reply.unknown();
  const why = reply.text();
  return { kind, why, asker: reply.more ? reply.text() : "" };
}

// src/protocol/reply.ts
var ReplyError = class extends Error {
  name = "ReplyError";
  constructor(script2, reply) {
    super(
      `the ${script2} script gave an answer that this version does not know: ${JSON.stringify(reply)?.slice(0, 200)}`
    );
  }
};
var ReplyReader = class {
  #script;
  #reply;
  #at = 0;
  constructor(script2, reply) {
    if (!Array.isArray(reply)) throw new ReplyError(script2, reply);
    this.#script = script2;
    this.#reply = reply;
  }
  text() {
    const value = this.#reply[this.#at++];
    if (typeof value !== "string") throw this.unknown();
    return value;
  }
  number() {
    const value = this.#reply[this.#at++];
    if (typeof value !== "number") throw this.unknown();
    return value;
  }
  /** A flat list inside the reply, as text. */
  list() {
    const value = this.#reply[this.#at++];
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) throw this.unknown();
    return value;
  }
  get more() {
    return this.#at < this.#reply.length;
  }
  unknown() {
    return new ReplyError(this.#script, this.#reply);
  }
};

// src/protocol/scripts/prelude.lua
var prelude_default = "-- Put before every script. Times are the server's own, in milliseconds.\nlocal clock = redis.call('TIME')\nlocal now = clock[1] * 1000 + math.floor(clock[2] / 1000)\nlocal now_us = string.format('%.0f', clock[1] * 1000000 + clock[2])\n\nlocal VERSION = '1'\n-- What no listener and no deployer writes is not believed: it would hold a gate for good. A row is forgotten after so many ms, no lease\n-- lasts longer than half of this, and an epoch is at most a century ahead, in microseconds: clocks have been that wrong.\nlocal FORGOTTEN, LONGEST_LEASE, FARTHEST, SET_BACK = 600000, 7200000, 3155760000000000, 10000\n-- Bytes. A row that a beat has written is encoded anew, with six bytes for some characters.\nlocal LONGEST_ID, LONGEST_ROW = 512, 32768\n\n-- Fields of the intent by name; a missing field is false.\nlocal function intent_fields(key, ...)\n  local names, fields = { ... }, {}\n  for index, value in ipairs(redis.call('HMGET', key, ...)) do\n    fields[names[index]] = value\n  end\n  return fields\nend\n\nlocal function in_force(intent)\n  local expiry = tonumber(intent.expiry) or 0\n  return (intent.phase == 'draining' or intent.phase == 'pushing') and expiry > now and expiry <= now + LONGEST_LEASE\nend\n\nlocal function is_epoch(text)\n  return text and string.match(text, '^%d+$') and tonumber(text) < tonumber(now_us) + FARTHEST\nend\n\n-- The phase as the server sees it: an unfinished intent that ran out has lapsed.\nlocal function phase_of(intent)\n  if intent.phase == 'draining' or intent.phase == 'pushing' then\n    return in_force(intent) and intent.phase or 'lapsed'\n  end\n  return (intent.phase == 'released' or intent.phase == 'aborted') and intent.phase or ''\nend\n\n-- A server's clock may have been set back since, though not by so much.\nlocal function is_time(value)\n  return type(value) == 'number' and value >= 0 and value <= now + FORGOTTEN\nend\n\n-- nil for anything that is not a row: one broken row must not stop a gate. Every version of the protocol keeps these fields,\n-- so that a row of another one is told apart and not misread.\nlocal function decode_row(text)\n  if not text or #text > LONGEST_ROW then\n    return nil\n  end\n  local ok, row = pcall(cjson.decode, text)\n  if not ok or type(row) ~= 'table' or type(row.type) ~= 'string' or type(row.dyno) ~= 'string'\n    or type(row.state) ~= 'string' or not is_time(row.seen) or not is_time(row.joined)\n    or type(row['until']) ~= 'number' or not (row['until'] >= 0) then\n    return nil\n  end\n  row['until'] = math.min(row['until'], row.seen + FORGOTTEN)\n  return row\nend\n\n-- participant id -> row\nlocal function read_roster(key)\n  local rows, flat = {}, redis.call('HGETALL', key)\n  for index = 1, #flat, 2 do\n    if #flat[index] <= LONGEST_ID then\n      rows[flat[index]] = decode_row(flat[index + 1])\n    end\n  end\n  return rows\nend\n\nlocal function alive(row)\n  return row.state ~= 'exited' and row['until'] >= now\nend\n\n-- Dyno name -> the latest time at which a participant that is alive joined under it.\nlocal function latest_joins(rows)\n  local joins = {}\n  for _, row in pairs(rows) do\n    if alive(row) and row.joined > (joins[row.dyno] or 0) then\n      joins[row.dyno] = row.joined\n    end\n  end\n  return joins\nend\n\n-- Not heard of since another boot of the same dyno joined: that boot took its place.\nlocal function replaced(row, joins)\n  return (joins[row.dyno] or 0) > row.joined and row.seen < joins[row.dyno]\nend\n\n-- Why an intent is not ours to write any more; nil while it is.\nlocal function lost(intent, id, epoch)\n  if not intent.id then\n    return 'missing'\n  end\n  if intent.id ~= id or intent.epoch ~= epoch then\n    return 'superseded'\n  end\n  if intent.phase ~= 'draining' and intent.phase ~= 'pushing' then\n    return 'finished'\n  end\n  if not in_force(intent) then\n    return 'lapsed'\n  end\n  -- The lease was given before now, by a clock that was set back since: nobody can tell how long the holds last that it told of. Less\n  -- than a margin does no harm.\n  if (tonumber(intent.given) or 0) > now + SET_BACK then\n    return 'set-back'\n  end\n  return nil\nend\n";

// src/protocol/script.ts
function script(name2, body) {
  const text = `${prelude_default}
${body}`;
  return { name: name2, text, sha: $createHash("sha1").update(text).digest("hex") };
}
async function run(host, { sha, text }, keys, args) {
  try {
    return await host.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return await host.eval(text, keys.length, ...keys, ...args);
  }
}

// src/protocol/scripts/acquire.lua
var acquire_default = "-- Puts a drain in force, unless another one is.\n-- KEYS: intent, epoch, roster\n-- ARGV: id, lease ms, not after (server ms), asker, replaced release, doorbell, then process type, at least, ...\n-- Replies: granted, epoch, ms left | done, phase | late, now | busy, asker, ms left, phase, id | version, theirs\nlocal id, lease, not_after, asker, replaces, doorbell = unpack(ARGV, 1, 6)\nlocal intent = intent_fields(KEYS[1], 'v', 'id', 'epoch', 'phase', 'expiry', 'asker')\n\nif intent.id == id then\n  if in_force(intent) then\n    return { 'granted', intent.epoch, intent.expiry - now }\n  end\n  return { 'done', phase_of(intent) }\nend\nif in_force(intent) and intent.v ~= VERSION then\n  return { 'version', intent.v or '' }\nend\nif in_force(intent) then\n  return { 'busy', intent.asker, intent.expiry - now, intent.phase, intent.id }\nend\n-- A request that was stuck in a dead connection must not drain anybody for a deploy that is over.\nif now > tonumber(not_after) then\n  return { 'late', now }\nend\n\nlocal rows = read_roster(KEYS[3])\nlocal epoch, farthest = tonumber(now_us), tonumber(now_us) + FARTHEST\nlocal function above(other)\n  other = tonumber(other or 0)\n  if other and other >= epoch and other < farthest then\n    epoch = other + 1\n  end\nend\nabove(redis.call('GET', KEYS[2]))\nabove(intent.epoch)\nfor _, row in pairs(rows) do\n  above(row.epoch)\nend\nepoch = string.format('%.0f', epoch)\n\nredis.call('SET', KEYS[2], epoch)\nredis.call('DEL', KEYS[1])\nredis.call('HSET', KEYS[1], 'v', VERSION, 'id', id, 'epoch', epoch, 'phase', 'draining', 'lease', lease,\n  'expiry', string.format('%.0f', now + lease), 'asker', asker, 'replaces', replaces, 'began', string.format('%.0f', now),\n  'given', string.format('%.0f', now))\nlocal counts = {}\nfor index = 7, #ARGV, 2 do\n  redis.call('HSET', KEYS[1], 'type:' .. ARGV[index], ARGV[index + 1])\n  counts[ARGV[index]] = 0\nend\n\nlocal joins = latest_joins(rows)\nfor participant, row in pairs(rows) do\n  if row['until'] < now - FORGOTTEN then\n    redis.call('HDEL', KEYS[3], participant)\n  elseif counts[row.type] and alive(row) and not replaced(row, joins) then\n    redis.call('HSET', KEYS[1], 'target:' .. participant, row.dyno)\n    counts[row.type] = counts[row.type] + 1\n  end\nend\nfor process, count in pairs(counts) do\n  redis.call('HSET', KEYS[1], 'count:' .. process, count)\nend\nredis.call('PUBLISH', doorbell, 'beat')\nreturn { 'granted', epoch, tonumber(lease) }\n";

// src/protocol/scripts/finish.lua
var finish_default = "-- Ends a drain: released (the new release runs) or aborted (back to scheduling). A no-op for anybody but its owner.\n-- KEYS: intent   ARGV: id, epoch ('' when its owner never learned it), 'released' or 'aborted', doorbell\n-- Replies: finished, phase | already, phase | not-ours\nlocal id, epoch, phase, doorbell = unpack(ARGV)\nlocal intent = intent_fields(KEYS[1], 'id', 'epoch', 'phase', 'expiry')\nif intent.id ~= id or (epoch ~= '' and intent.epoch ~= epoch) then\n  return { 'not-ours' }\nend\nif intent.phase ~= 'draining' and intent.phase ~= 'pushing' then\n  return { 'already', intent.phase or '' }\nend\nredis.call('HSET', KEYS[1], 'phase', phase, 'finished', string.format('%.0f', now))\nredis.call('PUBLISH', doorbell, 'beat')\nreturn { 'finished', phase }\n";

// src/protocol/scripts/force.lua
var force_default = "-- Tells the participants to abort running jobs, store them, and acknowledge.\n-- KEYS: intent   ARGV: id, epoch, doorbell\n-- Replies: forced | lost, why, asker\nlocal id, epoch, doorbell = unpack(ARGV)\nlocal intent = intent_fields(KEYS[1], 'id', 'epoch', 'phase', 'expiry', 'given', 'asker', 'force')\nlocal why = lost(intent, id, epoch)\nif why then\n  return { 'lost', why, intent.asker or '' }\nend\nif intent.force ~= '1' then\n  redis.call('HSET', KEYS[1], 'force', '1')\n  redis.call('PUBLISH', doorbell, 'beat')\nend\nreturn { 'forced' }\n";

// src/protocol/scripts/renew.lua
var renew_default = "-- Extends the lease of a drain that is ours and still in force; never shortens it.\n-- KEYS: intent   ARGV: id, epoch, lease ms\n-- Replies: renewed, ms left | lost, why, asker\nlocal id, epoch, lease = unpack(ARGV)\nlocal intent = intent_fields(KEYS[1], 'id', 'epoch', 'phase', 'expiry', 'given', 'asker')\nlocal why = lost(intent, id, epoch)\nif why then\n  return { 'lost', why, intent.asker or '' }\nend\nlocal expiry = math.max(tonumber(intent.expiry), now + lease)\nredis.call('HSET', KEYS[1], 'expiry', string.format('%.0f', expiry), 'given', string.format('%.0f', now))\nreturn { 'renewed', expiry - now }\n";

// src/protocol/drain.ts
var acquireScript = script("acquire", acquire_default);
var finishScript = script("finish", finish_default);
var forceScript = script("force", force_default);
var renewScript = script("renew", renew_default);
async function acquire(host, keys, request) {
  const { id, leaseMs, notAfter, asker, replaces, asked } = request;
  const reply = new ReplyReader(
    "acquire",
    await run(
      host,
      acquireScript,
      [keys.intent, keys.epoch, keys.roster],
      [id, leaseMs, notAfter, asker, replaces, keys.doorbell, ...[...asked].flat()]
    )
  );
  switch (reply.text()) {
    case "granted":
      return { kind: "granted", epoch: reply.text(), leftMs: reply.number() };
    case "done":
      return { kind: "done", phase: reply.text() };
    case "late":
      return { kind: "late" };
    case "version":
      return { kind: "version", theirs: reply.text() };
    case "busy":
      return { kind: "busy", asker: reply.text(), leftMs: reply.number(), phase: reply.text() };
    default:
      throw reply.unknown();
  }
}
async function renew(host, keys, { id, epoch }, leaseMs) {
  const reply = new ReplyReader("renew", await run(host, renewScript, [keys.intent], [id, epoch, leaseMs]));
  const kind = reply.text();
  if (kind === "renewed") return { kind, leftMs: reply.number() };
  return lostReply(kind, reply);
}
async function force(host, keys, { id, epoch }) {
  const reply = new ReplyReader(
    "force",
    await run(host, forceScript, [keys.intent], [id, epoch, keys.doorbell])
  );
  const kind = reply.text();
  return kind === "forced" ? { kind } : lostReply(kind, reply);
}
async function finish(host, keys, { id, epoch }, ending) {
  const reply = new ReplyReader(
    "finish",
    await run(host, finishScript, [keys.intent], [id, epoch, ending, keys.doorbell])
  );
  const kind = reply.text();
  if (kind === "finished" || kind === "already" || kind === "not-ours") return kind;
  throw reply.unknown();
}

// src/protocol/scripts/look.lua
var look_default = "-- What is there, read in one step; changes nothing. What is too long to be a row, or the name of one, is left out.\n-- KEYS: intent, roster\n-- Replies: now, intent as field, value, ..., roster as participant id, row, ...\nlocal rows, flat = {}, redis.call('HGETALL', KEYS[2])\nfor index = 1, #flat, 2 do\n  if #flat[index] <= LONGEST_ID and #flat[index + 1] <= LONGEST_ROW then\n    rows[#rows + 1] = flat[index]\n    rows[#rows + 1] = flat[index + 1]\n  end\nend\nreturn { now, redis.call('HGETALL', KEYS[1]), rows }\n";

// src/protocol/look.ts
var lookScript = script("look", look_default);
async function look(host, keys) {
  const reply = new ReplyReader("look", await run(host, lookScript, [keys.intent, keys.roster], []));
  const now = reply.number();
  const fields = pairs(reply.list());
  const rows = pairs(reply.list()).flatMap(([id, text]) => {
    const row = chunkR2YOQZTL.parseRow(id, text);
    return row && row.seen <= now + chunkR2YOQZTL.FORGOTTEN_MS ? row : [];
  });
  const field = Object.fromEntries(fields);
  const intent = field.id && {
    v: field.v ?? "",
    id: field.id,
    epoch: field.epoch ?? "",
    phase: field.phase ?? "",
    leaseMs: Number(field.lease ?? 0),
    ...field.given !== void 0 && { given: Number(field.given) },
    expiry: Number(field.expiry),
    began: Number(field.began ?? 0),
    ...field.committed !== void 0 && { committed: Number(field.committed) },
    ...field.finished !== void 0 && { finished: Number(field.finished) },
    replaces: field.replaces ?? "",
    asker: field.asker ?? "",
    targets: fields.flatMap(([name2]) => name2.startsWith("target:") ? [name2.slice("target:".length)] : [])
  };
  return { now, intent: intent || void 0, rows };
}
var LONGEST_LEASE_MS = 72e5;
function isInForce({ phase, expiry }, now) {
  return (phase === "draining" || phase === "pushing") && expiry > now && expiry <= now + LONGEST_LEASE_MS;
}
function pairs(flat) {
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] ?? "", flat[2 * at + 1] ?? ""]);
}

// src/alarm.ts
var Alarm = class {
  #time;
  #rung = false;
  #waiting;
  constructor(time) {
    this.#time = time;
  }
  ring() {
    this.#rung = true;
    this.#waiting?.abort();
  }
  /** Resolves after `ms`, or at a ring. One wait at a time. */
  async wait(ms) {
    if (!this.#rung && ms > 0) {
      this.#waiting = new AbortController();
      const { signal } = this.#waiting;
      await this.#time.sleep(ms, signal).catch((error) => {
        if (!signal.aborted) throw error;
      });
      this.#waiting = void 0;
    }
    this.#rung = false;
  }
};

// src/gate/lease.ts
var Lease = class {
  #renew;
  #time;
  #log;
  #numbers;
  #stop = new AbortController();
  #onLost;
  #leaseMs;
  #until;
  #loss;
  /** @param sentAt when the request was sent that this lease came with: it is counted from there, never from its answer */
  constructor(renew2, { time, log, numbers, onLost }, sentAt, leftMs) {
    this.#renew = renew2;
    this.#time = time;
    this.#log = log;
    this.#numbers = numbers;
    this.#onLost = onLost;
    this.#leaseMs = numbers.drainLeaseMs;
    this.#until = sentAt + leftMs;
    void this.#keep();
  }
  /** Set once the lease is lost. */
  get loss() {
    return this.#loss;
  }
  /** ms that the lease lasts for sure; 0 when it is over. */
  get leftMs() {
    return Math.max(0, this.#until - this.#time.now());
  }
  /** The commit gave a longer one. */
  extended(sentAt, leftMs) {
    this.#leaseMs = this.#numbers.pushLeaseMs;
    this.#until = Math.max(this.#until, sentAt + leftMs);
  }
  /** No more renewals. */
  stop() {
    this.#stop.abort();
  }
  async #keep() {
    const { signal } = this.#stop;
    let delay = this.#numbers.renewEveryMs;
    for (; ; ) {
      try {
        await this.#time.sleep(delay, signal);
      } catch {
        return;
      }
      const sentAt = this.#time.now();
      try {
        const answer = await this.#renew(this.#leaseMs);
        if (signal.aborted) return;
        if (answer.kind === "lost") return this.#lose(answer.why, answer.asker);
        this.#until = sentAt + answer.leftMs;
        delay = this.#numbers.renewEveryMs;
      } catch (error) {
        if (signal.aborted) return;
        if (this.leftMs === 0) return this.#lose("unreachable", "");
        this.#log.warning(
          `the drain could not be renewed (${error.message}); it lasts another ${main.formatDuration(this.leftMs)} without`
        );
        delay = Math.min(this.#numbers.renewAgainMs, this.leftMs);
      }
    }
  }
  #lose(why, asker) {
    this.#loss = { why, asker };
    this.#until = this.#time.now();
    this.#onLost();
  }
};

// src/gate/leased-contact.ts
var LeasedContact = class {
  #around;
  #lease;
  #lost;
  #alarm;
  #startedAt;
  #ended = false;
  #restMs = 0;
  /**
   * @param sentAt when the request was sent that the lease of `leftMs` came with
   * @param askedMs how long before that the drain was asked for
   */
  constructor(around, { renew: renew2, lost }, sentAt, leftMs, askedMs = 0) {
    this.#around = around;
    this.#lost = lost;
    this.#startedAt = sentAt - askedMs;
    this.#alarm = new Alarm(around.time);
    const { time, log, numbers, signal } = around;
    signal.addEventListener("abort", this.ring);
    this.#lease = new Lease(renew2, { time, log, numbers, onLost: this.ring }, sentAt, leftMs);
  }
  /** Cuts a wait short. */
  ring = () => this.#alarm.ring();
  /** ms since the request. */
  get elapsedMs() {
    return this.#around.time.now() - this.#startedAt;
  }
  get lease() {
    return this.#lease;
  }
  /** whether `end` was called */
  get ended() {
    return this.#ended;
  }
  /** No more renewals: the drain is finished, or left to its lease, whose end is no error any more. */
  end() {
    this.#ended = true;
    this.#lease.stop();
  }
  /** What was read had so many rows: the next wait is no shorter than they are worth, whoever rings. */
  rest(rows) {
    this.#restMs = Math.floor(rows * this.#around.numbers.lookRestPerRowMs);
  }
  close() {
    this.#lease.stop();
    this.#around.signal.removeEventListener("abort", this.ring);
  }
  /**
   * Does `work`, and again while Redis is away: how long that may last is the lease's to say, or `untilMs`, in ms since the request.
   * @throws DeployError (`lease-lost`); the outage's own error when `untilMs` is over
   */
  async insist(work, untilMs = Number.POSITIVE_INFINITY) {
    for (; ; ) {
      this.#check();
      try {
        const result = await work();
        this.#check();
        return result;
      } catch (error) {
        this.#check();
        if (!chunkR2YOQZTL.isOutage(error) || this.elapsedMs >= untilMs) throw error;
        await this.pause(this.#around.numbers.renewAgainMs);
      }
    }
  }
  /**
   * Waits for a ring, `ms` at the longest.
   * @throws DeployError (`lease-lost`)
   */
  async pause(ms) {
    await this.wait(ms);
    this.#check();
  }
  /** As `pause`, but whatever became of lease and deploy. */
  async wait(ms) {
    const { time, signal } = this.#around;
    const restMs = Math.min(this.#restMs, ms);
    if (restMs > 0) await time.sleep(restMs, signal).catch(() => {
    });
    await this.#alarm.wait(ms - restMs);
  }
  #check() {
    this.#around.signal.throwIfAborted();
    const { loss } = this.#lease;
    if (loss && !this.#ended) throw this.#lost(loss.why, loss.asker);
  }
};

// src/gate/contact.ts
var Contact = class extends LeasedContact {
  #around;
  #owner;
  /**
   * @param sentAt when the request was sent that the lease of `leftMs` came with
   * @param askedMs how long before that the drain was asked for
   */
  constructor(around, owner, sentAt, leftMs, askedMs = 0) {
    const renewal = (leaseMs) => renew(around.host, around.keys, owner, leaseMs);
    super(around, { renew: renewal, lost: chunkR2YOQZTL.leaseLost }, sentAt, leftMs, askedMs);
    this.#around = around;
    this.#owner = owner;
  }
  /** Lets reports of participants cut waits short. */
  async begin() {
    await this.#around.listen(this.ring);
  }
  /**
   * Ends the drain. Never rejects.
   * @returns whether it was this deploy's to end, and the server knows
   */
  async finish(ending) {
    const { host, keys, log, time, numbers, signal } = this.#around;
    const forMs = signal.aborted ? 0 : numbers.resumeWatchMs;
    const patience = { time, againMs: numbers.renewAgainMs, forMs };
    const { leftMs } = this.lease;
    this.end();
    try {
      const answer = await chunkR2YOQZTL.outlast(patience, () => finish(host, keys, this.#owner, ending));
      if (answer === "not-ours")
        log.warning("the drain was not this deploy's any more when it ended, so nothing was changed");
      return answer !== "not-ours";
    } catch (error) {
      const then = leftMs > 0 ? `resume by themselves within ${main.formatDuration(leftMs)}` : "have resumed by themselves";
      log.warning(
        `Redis could not be told that the drain is ${ending} (${error.message}); held participants ${then}`
      );
      return false;
    }
  }
  /** Who takes part now. @param untilMs as in `insist` */
  async read(untilMs) {
    const view = await this.insist(() => look(this.#around.host, this.#around.keys), untilMs);
    this.rest(view.rows.length);
    return view;
  }
};

// src/gate/led.ts
async function untilOpened(drain, over, tell) {
  const { around, contact, owner } = drain;
  const { host, keys, numbers, signal, time } = around;
  over.addEventListener("abort", contact.ring);
  try {
    for (; ; ) {
      signal.throwIfAborted();
      const last = over.aborted;
      const sentAt = time.now();
      const view = await look(host, keys).catch((error) => {
        if (!chunkR2YOQZTL.isOutage(error)) throw error;
      });
      if (view) {
        tell(view);
        const { intent, now } = view;
        const phase = intent?.epoch === owner.epoch ? intent.phase : "";
        if (phase === "pushing") contact.lease.extended(sentAt, (intent?.expiry ?? 0) - now);
        if (phase === "released") contact.end();
        if (phase === "pushing" || phase === "released") return true;
        if (phase === "aborted") return false;
      }
      if (last || contact.lease.loss) return false;
      await contact.wait(view ? numbers.lookEveryMs : numbers.renewAgainMs);
    }
  } finally {
    over.removeEventListener("abort", contact.ring);
  }
}

// src/protocol/scripts/commit.lua
var commit_default = "-- The gate itself: draining -> pushing, only if everybody is drained at this epoch and stays held for the margin.\n-- KEYS: intent, roster\n-- ARGV: id, epoch, margin ms, push lease ms, 'strict' or 'anyway', doorbell, then process type, at least, ...\n-- Replies: granted, ms left | lost, why, asker | blocked, then why, dyno, process type, detail, participant id, ...\nlocal id, epoch, margin, push_lease, mode, doorbell = unpack(ARGV, 1, 6)\nlocal intent = {}\nlocal fields = redis.call('HGETALL', KEYS[1])\nfor index = 1, #fields, 2 do\n  intent[fields[index]] = fields[index + 1]\nend\nlocal why = lost(intent, id, epoch)\nif why then\n  return { 'lost', why, intent.asker or '' }\nend\n\nmargin = tonumber(margin)\nlocal rows = read_roster(KEYS[2])\nlocal joins = latest_joins(rows)\nlocal reply, held, asked = { 'blocked' }, {}, {}\nlocal function block(reason, dyno, process, detail, participant)\n  for _, value in ipairs({ reason, dyno, process, detail, participant }) do\n    reply[#reply + 1] = value\n  end\nend\nfor index = 7, #ARGV, 2 do\n  asked[ARGV[index]] = tonumber(ARGV[index + 1])\n  held[ARGV[index]] = 0\nend\n\n-- No answer has ever told a participant of more than the lease.\nlocal function hold_of(row)\n  local hold = tonumber(row.hold) or 0\n  return hold <= tonumber(intent.expiry) and hold or 0\nend\n\nfor participant, row in pairs(rows) do\n  local target = intent['target:' .. participant]\n  if (asked[row.type] or target) and row.state ~= 'exited' and not replaced(row, joins) then\n    if not alive(row) then\n      if target then\n        block('silent', row.dyno, row.type, string.format('%.0f', now - row.seen), participant)\n      end\n    elseif row.v ~= VERSION then\n      block('version', row.dyno, row.type, tostring(row.v), participant)\n    elseif row.seen > now then\n      -- The clock was set back since: by this one the row looks fresh, and its hold long, for as much longer.\n      block('set-back', row.dyno, row.type, string.format('%.0f', row.seen - now), participant)\n    elseif row.epoch ~= epoch or row.state ~= 'drained' then\n      block(row.epoch == epoch and row.state or 'unanswered', row.dyno, row.type, tostring(row.running or 0), participant)\n    elseif hold_of(row) < now + margin then\n      block('short-hold', row.dyno, row.type, string.format('%.0f', hold_of(row) - now), participant)\n    else\n      held[row.type] = (held[row.type] or 0) + 1\n    end\n  end\nend\nfor field, dyno in pairs(intent) do\n  local participant = string.match(field, '^target:(.*)$')\n  if participant and not rows[participant] then\n    block('gone', dyno, '', '', participant)\n  end\nend\nfor process, at_least in pairs(asked) do\n  local need = math.max(at_least, tonumber(intent['count:' .. process] or 0))\n  if held[process] < need then\n    block('too-few', '', process, held[process] .. '/' .. need, '')\n  end\nend\nif intent.expiry - now < margin then\n  block('short-lease', '', '', tostring(intent.expiry - now), '')\nend\nif #reply > 1 and mode ~= 'anyway' then\n  return reply\nend\n-- Executed again. The reply may have been lost for long, and who was cut off meanwhile has resumed: that was looked at above.\nif intent.phase == 'pushing' then\n  return { 'granted', intent.expiry - now }\nend\n\nlocal expiry = math.max(tonumber(intent.expiry), now + push_lease)\nredis.call('HSET', KEYS[1], 'phase', 'pushing', 'lease', push_lease, 'expiry', string.format('%.0f', expiry), 'given', string.format('%.0f', now),\n  'committed', string.format('%.0f', now))\nredis.call('PUBLISH', doorbell, 'beat')\nreturn { 'granted', expiry - now }\n";

// src/protocol/commit.ts
var commitScript = script("commit", commit_default);
async function commit(host, keys, { id, epoch }, terms) {
  const { marginMs, pushLeaseMs, asked, anyway } = terms;
  const reply = new ReplyReader(
    "commit",
    await run(
      host,
      commitScript,
      [keys.intent, keys.roster],
      [id, epoch, marginMs, pushLeaseMs, anyway ? "anyway" : "strict", keys.doorbell, ...[...asked].flat()]
    )
  );
  const kind = reply.text();
  if (kind === "granted") return { kind, leftMs: reply.number() };
  if (kind !== "blocked") return lostReply(kind, reply);
  const blockers2 = [];
  while (reply.more) {
    const why = reply.text();
    blockers2.push({ why, dyno: reply.text(), type: reply.text(), detail: reply.text(), id: reply.text() });
  }
  return { kind, blockers: blockers2 };
}

// src/gate/opening.ts
async function untilGranted({ around, contact, owner, asked, look: look2, drained }, anyway) {
  const { host, keys, numbers, log, time } = around;
  const { marginMs, pushLeaseMs } = numbers;
  const deadline = contact.elapsedMs + marginMs;
  let told = "";
  for (; ; ) {
    let sentAt = time.now();
    const answer = await contact.insist(() => {
      sentAt = time.now();
      return commit(host, keys, owner, { marginMs, pushLeaseMs, asked, anyway });
    });
    if (answer.kind === "granted") {
      contact.lease.extended(sentAt, answer.leftMs);
      if (time.now() - sentAt < marginMs) return;
      continue;
    }
    if (answer.kind === "lost") throw chunkR2YOQZTL.leaseLost(answer.why, answer.asker);
    const why = chunkR2YOQZTL.blockers(answer.blockers);
    const news = answer.blockers.map(({ id, type, why: why2 }) => `${id} ${type} ${why2}`).sort().join();
    if (news !== told) log.info(`the gate stays shut: ${why}`);
    told = news;
    if (answer.blockers.some(({ why: why2 }) => why2 === "failed")) await drained();
    if (contact.elapsedMs >= deadline) throw chunkR2YOQZTL.neverOpened(why);
    await contact.pause(Math.min(numbers.lookEveryMs, 1e3));
    await look2();
  }
}

// src/gate/quiet.ts
function isQuiet(row, epoch) {
  return row.epoch === epoch && (row.state === "draining" || row.state === "drained");
}
function isHeld(row, epoch, now) {
  return chunkR2YOQZTL.isAlive(row, now) && isQuiet(row, epoch);
}
async function awaitTold({ host, keys, numbers, time }, epoch, wait) {
  const deadline = time.now() + numbers.resumeWatchMs;
  for (; ; ) {
    const view = await look(host, keys).catch(() => void 0);
    const waiting = view && untold(view, epoch);
    if (waiting?.length === 0 || time.now() >= deadline) return waiting;
    await wait(Math.min(250, numbers.lookEveryMs));
  }
}
function untold({ intent, rows, now }, epoch) {
  const since = intent?.epoch === epoch && intent.committed || Number.POSITIVE_INFINITY;
  return rows.filter((row) => isHeld(row, epoch, now) && row.seen < since).map(({ dyno }) => dyno).sort();
}

// src/gate/successor.ts
function successors({ rows, now }, types, epoch, release) {
  const schedules = rows.filter(
    (row) => row.state === "running" && chunkR2YOQZTL.isAlive(row, now) && (row.after === epoch || row.release === release)
  );
  return types.map((type) => {
    const [first] = schedules.filter((one) => one.type === type).sort((a, b) => a.joined - b.joined);
    return { type, ...first && { dyno: first.dyno, sinceMs: Math.max(0, now - first.joined) } };
  });
}

// src/gate/telling.ts
var MOST_LINES = 10;
function linesOf(changes) {
  const kinds = /* @__PURE__ */ new Map();
  for (const change of changes) {
    const alike = kinds.get(change.kind);
    if (alike) alike.push(change);
    else kinds.set(change.kind, [change]);
  }
  return [...kinds].flatMap(
    ([kind, alike]) => alike.length > MOST_LINES ? together(kind, alike) : alike.map(({ line }) => line)
  );
}
function together(kind, alike) {
  const them = alike.map(({ of }) => of);
  const who = chunkR2YOQZTL.enumerate(them.map(({ dyno }) => dyno));
  const [finished, stored, lost] = [sum$1(them, "finished"), sum$1(them, "stored"), sum$1(them, "lost")];
  const jobs = `${chunkR2YOQZTL.count(sum$1(them, "running"), "job")} running, ${finished} finished, ${stored} stored`;
  const lostJobs = lost > 0 ? `; ${chunkR2YOQZTL.count(lost, "job")} ran in them and ${lost === 1 ? "is" : "are"} lost` : "";
  switch (kind) {
    case "asked":
      return `${who} are asked to drain`;
    case "foreign":
      return `${who} speak another version of the drain protocol than this deploy: they can't be asked`;
    case "accepted":
      return `${who} accepted: ${jobs}`;
    case "progress":
      return `${who}: ${jobs}`;
    case "drained":
      return `${who} are drained: ${finished} finished, ${stored} stored`;
    case "refused":
      return `${who} refuse to drain`;
    case "ended":
      return `${who} ended; waiting for Heroku to start them again`;
    case "resumed":
      return `${who} are scheduling again`;
    case "silent":
      return `${who} have not been heard of for some time${lostJobs}`;
    case "gone":
      return `${who} are gone from the roster${lostJobs}`;
  }
}
function sum$1(them, field) {
  return them.reduce((total, one) => total + one[field], 0);
}

// src/gate/verdict.ts
function judge(participants, terms, nowMs) {
  const latest = latestBoots(participants);
  const present = participants.filter((one) => one.state !== "exited" && !isReplaced(one, latest));
  const undrained = present.filter((one) => one.state !== "drained");
  const short = [];
  const missing2 = [];
  for (const { type, atLeast, demanded } of terms.asked) {
    const have = present.filter((one) => one.type === type && one.state !== "silent").length;
    const atRequest = participants.filter((one) => one.type === type && one.fromStart).length;
    const need = Math.max(atLeast, atRequest);
    if (have >= need) continue;
    const forgivable = terms.onMissingClock === "deploy" && !demanded;
    short.push({ type, have, need, forgivable });
    if (atRequest < atLeast && nowMs >= terms.acknowledgeTimeoutMs)
      missing2.push({ type, have, need, forgivable });
  }
  return {
    refused: present.filter((one) => one.state === "failed"),
    late: undrained.filter(
      (one) => one.acceptedMs === void 0 && nowMs >= one.seenMs + terms.acknowledgeTimeoutMs
    ),
    undrained,
    short,
    missing: missing2
  };
}
function latestBoots(participants) {
  const latest = /* @__PURE__ */ new Map();
  for (const { state, dyno, seenMs } of participants) {
    if (state !== "silent" && seenMs >= (latest.get(dyno) ?? 0)) latest.set(dyno, seenMs);
  }
  return latest;
}
function isReplaced({ state, dyno, seenMs }, latest) {
  return state === "silent" && (latest.get(dyno) ?? 0) > seenMs;
}

// src/gate/hold.ts
var CANCELLED_WATCH_MS = 2e3;
var Hold = class {
  owner;
  #around;
  #terms;
  #progress;
  #contact;
  /** when it was last read who takes part, ms since the request: by that they are judged */
  #seenAtMs = 0;
  /** whether nobody has judged by it yet */
  #unused = true;
  /** types too few take part with, and that is accepted */
  #forgiven = /* @__PURE__ */ new Set();
  /**
   * @param sentAt when the request was sent that the lease of `leftMs` came with
   * @param askedMs how long before that the drain was asked for, if not by this process
   */
  constructor(around, { id, epoch }, terms, sentAt, leftMs, askedMs = 0) {
    this.owner = { id, epoch };
    this.#around = around;
    this.#terms = terms;
    this.#progress = new chunkR2YOQZTL.Progress(epoch, this.#types);
    this.#contact = new Contact(around, this.owner, sentAt, leftMs, askedMs);
  }
  /** Starts listening, and looks once. */
  async begin() {
    await this.#contact.begin();
    await this.#look();
  }
  get participants() {
    return this.#progress.participants;
  }
  /** ms since the request. */
  get elapsedMs() {
    return this.#contact.elapsedMs;
  }
  /** How long no asked participant was scheduling; still counting while that lasts. */
  get quietMs() {
    return this.#progress.quietMs(this.elapsedMs);
  }
  /**
   * Waits until everybody is drained. Resolves with true, or with false when the time was up and the terms say to deploy anyway.
   * @throws DeployError (`missing-clock`, `not-acknowledged`, `refused`, `drain-timeout`, `lease-lost`)
   */
  async drained() {
    const { onDrainTimeout, drainTimeoutMs, acknowledgeTimeoutMs } = this.#terms;
    const { log, numbers } = this.#around;
    let deadline = drainTimeoutMs;
    let forced = false;
    for (let seen = this.#unused; ; seen = false) {
      if (!seen) await this.#look();
      this.#unused = false;
      let verdict = this.#judge();
      if (verdict.refused.length > 0) throw chunkR2YOQZTL.refused(verdict.refused);
      if (verdict.late.length > 0) throw chunkR2YOQZTL.notAcknowledged(verdict.late, acknowledgeTimeoutMs);
      const fatal = verdict.missing.filter(({ forgivable }) => !forgivable);
      if (fatal.length > 0) throw chunkR2YOQZTL.missingClock(fatal, acknowledgeTimeoutMs, this.#absent(fatal));
      if (verdict.missing.length > 0) {
        this.#forgive(verdict.missing);
        verdict = this.#judge();
      }
      if (verdict.undrained.length === 0 && verdict.short.length === 0) return true;
      if (this.#seenAtMs >= deadline) {
        const late2 = chunkR2YOQZTL.drainTimeout(verdict, drainTimeoutMs, forced);
        if (onDrainTimeout === "deploy") {
          log.warning(
            `${late2.message} Deploying all the same, as on-drain-timeout: deploy says: what runs may be killed.`
          );
          return false;
        }
        if (onDrainTimeout === "fail" || forced) throw late2;
        log.warning(
          `${late2.message} Telling the participants to abort what runs and store it, as on-drain-timeout: force says.`
        );
        await this.#force();
        forced = true;
        deadline = this.elapsedMs + numbers.forceGraceMs;
      }
      await this.#contact.pause(Math.min(numbers.lookEveryMs, Math.max(0, deadline - this.elapsedMs)));
    }
  }
  /**
   * Opens the gate, if the server agrees that everybody is held long enough: from here on the push may begin.
   * @param anyway open it whoever is not drained
   * @throws DeployError (`drain-timeout`, `lease-lost`)
   */
  async commit(anyway = false) {
    await untilGranted(
      {
        ...{ around: this.#around, contact: this.#contact, owner: this.owner },
        asked: new Map(this.#stillAsked.map(({ type, atLeast }) => [type, atLeast])),
        look: () => this.#look(),
        drained: () => this.drained()
      },
      anyway
    );
  }
  /**
   * Follows a drain that another process leads, and tells of it, until that process has opened the gate.
   * @param over aborts when there is nothing more to wait for
   * @returns false if `over` aborts first, or the drain ends: why, its leader knows
   * @throws the signal's reason
   */
  async opened(over) {
    const drain = { around: this.#around, contact: this.#contact, owner: this.owner };
    return await untilOpened(drain, over, (view) => this.#tell(view));
  }
  /** What a person should know about the hold while the deploy runs; empty when all is well. */
  async concerns() {
    const { loss } = this.#contact.lease;
    if (loss) return [chunkR2YOQZTL.leaseLost(loss.why, loss.asker).message];
    const view = await look(this.#around.host, this.#around.keys);
    const changes = this.#progress.update(view, this.elapsedMs).filter(({ of }) => of.state === "running" || of.state === "failed" || of.state === "silent");
    return linesOf(changes).map((line) => `${line}, while the deploy runs`);
  }
  /** The new release runs: the held participants stay quiet for their SIGTERM. Never rejects: by now the deploy has happened. */
  async release() {
    await this.#contact.finish("released");
  }
  /**
   * Waits until everybody has been told how long the lease of the commit is, and leaves them held until its end, with nobody behind it.
   * @returns ms that the hold lasts from now, and the dynos that have not been told so for sure
   * @throws DeployError (`lease-lost`)
   */
  async leave() {
    const { maxHoldMs } = this.#around.numbers;
    const untold2 = await awaitTold(this.#around, this.owner.epoch, (ms) => this.#contact.pause(ms));
    const { host, keys } = this.#around;
    const kept = await this.#contact.insist(() => renew(host, keys, this.owner, 0));
    if (kept.kind === "lost") throw chunkR2YOQZTL.leaseLost(kept.why, kept.asker);
    this.#contact.end();
    return {
      leftMs: Math.min(this.#contact.lease.leftMs, Math.max(0, maxHoldMs - this.elapsedMs)),
      untold: untold2 ?? this.#progress.held.map(({ dyno }) => dyno)
    };
  }
  /**
   * Waits until a participant that booted after the commit is seen for each asked process type.
   * @param over ends the wait with its reason
   * @returns the dynos that were seen
   * @throws DeployError (`clock-not-seen`)
   */
  async successor(waitMs, release, over) {
    const deadline = this.elapsedMs + waitMs;
    for (; ; ) {
      over?.throwIfAborted();
      const view = await this.#contact.read(deadline).catch((error) => {
        throw chunkR2YOQZTL.isOutage(error) ? chunkR2YOQZTL.clockUnknown(this.#types, error, release) : error;
      });
      const seen = successors(view, this.#types, this.owner.epoch, release);
      const dynos = seen.flatMap(({ dyno }) => dyno ?? []);
      const longestMs = Math.max(...seen.map(({ sinceMs = 0 }) => sinceMs));
      if (dynos.length > 0) this.#progress.quietEnded(this.elapsedMs - longestMs);
      const missing2 = seen.flatMap(({ type, dyno }) => dyno === void 0 ? type : []);
      if (missing2.length === 0) return dynos;
      if (this.elapsedMs >= deadline) throw chunkR2YOQZTL.clockNotSeen(missing2, waitMs, release);
      await this.#contact.pause(
        Math.min(this.#around.numbers.lookEveryMs, Math.max(0, deadline - this.elapsedMs))
      );
    }
  }
  /** Gives the participants back to their schedules, unless the drain was released, and watches them resume. Never rejects. */
  async [Symbol.asyncDispose]() {
    if (!this.#contact.ended && await this.#contact.finish("aborted")) await this.#seeResumed();
    this.#contact.close();
  }
  async #seeResumed() {
    const { host, keys, log, numbers, time, signal } = this.#around;
    const until = time.now() + (signal.aborted ? CANCELLED_WATCH_MS : numbers.resumeWatchMs);
    while (this.#progress.held.length > 0 && time.now() < until) {
      try {
        this.#tell(await look(host, keys));
      } catch {
        break;
      }
      if (this.#progress.held.length > 0) await this.#contact.wait(Math.min(250, numbers.lookEveryMs));
    }
    const held = this.#progress.held.map(({ dyno }) => dyno);
    if (held.length === 1)
      log.warning(
        `${held[0]} was told to go on and has not said that it does yet; it resumes by itself when its lease ends`
      );
    else if (held.length > 1)
      log.warning(
        `${chunkR2YOQZTL.enumerate(held)} were told to go on and have not said that they do yet; they resume by themselves when their lease ends`
      );
    if (this.#progress.held.length === 0) this.#progress.quietEnded(this.elapsedMs);
  }
  async #force() {
    const answer = await this.#contact.insist(() => force(this.#around.host, this.#around.keys, this.owner));
    if (answer.kind === "lost") throw chunkR2YOQZTL.leaseLost(answer.why, answer.asker);
  }
  #forgive(missing2) {
    const who = missing2.map(
      ({ type, have, need }) => have === 0 ? `nobody takes part for ${type}` : `only ${have} of ${need} take part for ${type}`
    );
    const all = [...who, chunkR2YOQZTL.absences(this.#absent(missing2))].filter(Boolean).join(", ");
    this.#around.log.warning(`${all}; deploying all the same, as on-missing-clock: deploy says`);
    this.#forgiven = /* @__PURE__ */ new Set([...this.#forgiven, ...missing2.map(({ type }) => type)]);
  }
  /** The dynos of the types of `missing` that Heroku says are up, and nobody has joined from. */
  #absent(missing2) {
    const types = new Set(missing2.map(({ type }) => type));
    const there = new Set(
      this.participants.flatMap(({ dyno, state }) => state === "silent" || state === "exited" ? [] : dyno)
    );
    return (this.#terms.expected ?? []).filter(({ dyno, type }) => types.has(type) && !there.has(dyno));
  }
  /** What is asked for, without the numbers that are forgiven: those that were there at the request must still be, and drained. */
  get #stillAsked() {
    return this.#terms.asked.map((one) => this.#forgiven.has(one.type) ? { ...one, atLeast: 0 } : one);
  }
  get #types() {
    return this.#terms.asked.map(({ type }) => type);
  }
  #judge() {
    return judge(this.participants, { ...this.#terms, asked: this.#stillAsked }, this.#seenAtMs);
  }
  async #look() {
    this.#tell(await this.#contact.read());
  }
  #tell(view) {
    this.#seenAtMs = this.elapsedMs;
    for (const line of linesOf(this.#progress.update(view, this.elapsedMs))) this.#around.log.info(line);
  }
};

// src/gate/spent.ts
function spentHold({ intent, rows, now }) {
  if (intent?.v !== chunkR2YOQZTL.PROTOCOL_VERSION || intent.phase !== "pushing" || !isInForce(intent, now))
    return void 0;
  if (!chunkR2YOQZTL.readAsker(intent.asker).holds) return void 0;
  return rows.some((row) => isHeld(row, intent.epoch, now)) ? void 0 : intent;
}

// src/gate/gate.ts
function newDeployId() {
  return $randomUUID();
}
async function inspectGate(around, gateName, asker, types) {
  const view = await chunkR2YOQZTL.answered(around, () => look(around.host, around.keys));
  if (view.intent && isInForce(view.intent, view.now) && !spentHold(view)) {
    throw chunkR2YOQZTL.busy(view.intent.asker, view.intent.expiry - view.now);
  }
  const rows = view.rows.filter((row) => chunkR2YOQZTL.isAlive(row, view.now) && types.includes(row.type));
  const known = rows.find((row) => row.app !== void 0);
  const app = asker.app ?? known?.app;
  const whose = asker.app === void 0 ? `${known?.dyno} to ${app}` : `this deploy is for ${app}`;
  for (const row of rows) {
    if (row.v !== chunkR2YOQZTL.PROTOCOL_VERSION) {
      throw new main.DeployError(
        "preflight-failed",
        `${row.dyno} speaks version ${row.v} of the drain protocol, this deploy version ${chunkR2YOQZTL.PROTOCOL_VERSION}.`,
        chunkR2YOQZTL.UPDATE_ADVICE
      );
    }
    if (row.app !== void 0 && row.app !== app) {
      throw new main.DeployError(
        "preflight-failed",
        `${row.dyno} at the gate "${gateName}" belongs to the app ${row.app}, and ${whose}.`,
        "Apps that share one Redis need a gate each: set gate-name here and DEPLOY_GATE_NAME in the app to the same name."
      );
    }
  }
  return rows;
}
async function acquireGate(around, id, terms, asker, replaces) {
  const { host, keys, numbers, time, log } = around;
  const view = await chunkR2YOQZTL.answered(around, () => look(host, keys));
  const spent = spentHold(view);
  if (spent && await chunkR2YOQZTL.answered(around, () => finish(host, keys, spent, "aborted")) === "finished")
    log.info(`ended a hold that held nobody any more, asked for by ${chunkR2YOQZTL.describeAsker(spent.asker)}`);
  let sentAt = time.now();
  const answer = await chunkR2YOQZTL.answered(around, () => {
    sentAt = time.now();
    return acquire(host, keys, {
      id,
      leaseMs: numbers.drainLeaseMs,
      notAfter: view.now + numbers.requestValidMs,
      asker: JSON.stringify(asker),
      replaces,
      asked: new Map(terms.asked.map(({ type, atLeast }) => [type, atLeast]))
    });
  }).catch(async (error) => {
    await finish(host, keys, { id, epoch: "" }, "aborted").catch(() => {
    });
    throw error;
  });
  switch (answer.kind) {
    case "granted": {
      const hold = new Hold(around, { id, epoch: answer.epoch }, terms, sentAt, answer.leftMs);
      try {
        await hold.begin();
      } catch (error) {
        await hold[Symbol.asyncDispose]();
        throw error;
      }
      return hold;
    }
    case "busy":
      throw chunkR2YOQZTL.busy(answer.asker, answer.leftMs);
    case "version":
      throw new main.DeployError(
        "preflight-failed",
        `A deploy that speaks version ${answer.theirs} of the drain protocol holds the gate; this one speaks ${chunkR2YOQZTL.PROTOCOL_VERSION}.`,
        "Wait for it to end, and let all deploys use one version of deploy-gate."
      );
    default:
      throw chunkR2YOQZTL.late();
  }
}

// src/protocol/scripts/exchange.lua
var exchange_default = "-- Puts one announcement in the place of another, if that one is there. With two empty texts it only tells what is there.\n-- KEYS: announced   ARGV: text that must be there ('' for none), text to put there ('' for none), ms that it lasts\n-- Replies: 1 or 0: whether the text is there now, what was there before\nlocal before, after, life = unpack(ARGV)\nlocal current = redis.call('GET', KEYS[1]) or ''\nif #current > LONGEST_ROW then\n  -- Nobody wrote this: it is as good as none.\n  current = ''\nend\nif current ~= before then\n  -- Executed again, or another was faster.\n  return { current == after and 1 or 0, current }\nend\nif after ~= '' then\n  redis.call('SET', KEYS[1], after, 'PX', life)\nelseif before ~= '' then\n  redis.call('DEL', KEYS[1])\nend\nreturn { 1, current }\n";

// src/protocol/announced.ts
var exchangeScript = script("exchange", exchange_default);
async function exchange(host, keys, { before, after, lifeMs }) {
  const reply = new ReplyReader(
    "exchange",
    await run(host, exchangeScript, [keys.announced], [before, after, Math.round(lifeMs)])
  );
  return { done: reply.number() === 1, current: reply.text() };
}
async function readAnnounced(host, keys) {
  return (await exchange(host, keys, { before: "", after: "", lifeMs: 1 })).current;
}

// src/gate/adopt.ts
async function adopt(around, seen, terms, sentAt) {
  const { intent, now } = seen;
  const hold = new Hold(around, intent, terms, sentAt, intent.expiry - now, Math.max(0, now - intent.began));
  try {
    await hold.begin();
    return hold;
  } catch (error) {
    await hold[Symbol.asyncDispose]();
    throw error;
  }
}

// src/gate/announcement.ts
var MOST_ENTRIES = 1e3;
var MOST_EXPECTED = 100;
var LONGEST_TEXT = 2e3;
var LONGEST_NAME = 300;
function writeAnnouncement(announced) {
  const { failure, terms, ...rest } = announced;
  const expected = terms.expected?.slice(0, MOST_EXPECTED);
  const cut = failure && {
    ...failure,
    message: failure.message.slice(0, LONGEST_TEXT),
    next: failure.next.slice(0, LONGEST_TEXT)
  };
  return JSON.stringify({
    v: chunkR2YOQZTL.PROTOCOL_VERSION,
    ...rest,
    terms: { ...terms, ...expected && { expected } },
    ...cut && { failure: cut }
  });
}
function readAnnouncement(text) {
  const raw = main.fieldsOf(main.parseJson(text));
  const id = name(raw.id);
  const asker = chunkR2YOQZTL.readAsker(JSON.stringify(raw.asker ?? null));
  const terms = readTerms(main.fieldsOf(raw.terms));
  if (raw.v !== chunkR2YOQZTL.PROTOCOL_VERSION || !id || terms === void 0) return void 0;
  const [taken, failure] = [name(raw.taken), readFailure(main.fieldsOf(raw.failure))];
  const { holds: _, ...who } = asker;
  return {
    id,
    asker: { ...who, name: asker.name ?? "another deploy" },
    terms,
    ...taken && { taken },
    ...failure && { failure }
  };
}
function readTerms(raw) {
  const acknowledgeTimeoutMs = duration(raw.acknowledgeTimeoutMs);
  const drainTimeoutMs = duration(raw.drainTimeoutMs);
  const onDrainTimeout = ["fail", "force", "deploy"].find((one) => one === raw.onDrainTimeout);
  const onMissingClock = ["fail", "deploy"].find((one) => one === raw.onMissingClock);
  const asked = entries(raw.asked).map(readAsked);
  const expected = entries(raw.expected).flatMap((one) => readExpected(one) ?? []);
  if (acknowledgeTimeoutMs === void 0 || drainTimeoutMs === void 0) return void 0;
  if (onDrainTimeout === void 0 || onMissingClock === void 0) return void 0;
  if (asked.length === 0 || !asked.every((one) => one !== void 0)) return void 0;
  return {
    acknowledgeTimeoutMs,
    drainTimeoutMs,
    onDrainTimeout,
    onMissingClock,
    asked,
    ...expected.length > 0 && { expected }
  };
}
function readAsked({ type, atLeast, demanded }) {
  if (!name(type) || typeof atLeast !== "number" || typeof demanded !== "boolean") return void 0;
  if (!Number.isInteger(atLeast) || atLeast < 0) return void 0;
  return { type: name(type), atLeast, demanded };
}
function readExpected({ dyno, type, release }) {
  const [dynoName, typeName, version] = [name(dyno), name(type), name(release)];
  return dynoName && typeName ? { dyno: dynoName, type: typeName, ...version && { release: version } } : void 0;
}
function readFailure({ outcome, message, next }) {
  const known = main.OUTCOMES.find((one) => one === outcome && !main.isSuccess(one));
  if (known === void 0 || typeof message !== "string" || typeof next !== "string") return void 0;
  return {
    outcome: known,
    message: message.slice(0, LONGEST_TEXT),
    next: next.slice(0, LONGEST_TEXT)
  };
}
function entries(value) {
  return Array.isArray(value) ? value.slice(0, MOST_ENTRIES).map(main.fieldsOf) : [];
}
function name(value) {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_NAME ? value : void 0;
}
function duration(value) {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : void 0;
}

// src/gate/announce.ts
async function announce(around, id, terms, asker) {
  const { host, keys, numbers } = around;
  const text = writeAnnouncement({ id, asker, terms });
  const lifeMs = numbers.announcedMs;
  const put = (before) => chunkR2YOQZTL.answered(around, () => exchange(host, keys, { before, after: text, lifeMs }));
  let { done, current } = await put("");
  if (!done && readAnnouncement(current) === void 0) {
    around.log.warning(`${keys.announced} held what is no announcement of this version; it is replaced`);
    ({ done, current } = await put(current));
  }
  const there = readAnnouncement(current);
  if (!done && there?.id !== id) throw chunkR2YOQZTL.announcedBy(JSON.stringify(there?.asker ?? {}));
  const announcement = new Announcement(around, { id, asker, terms });
  await announcement.begin();
  return announcement;
}
var Announcement = class {
  #around;
  #announced;
  #alarm;
  #stop = new AbortController();
  #keeping;
  #adopted = false;
  constructor(around, announced) {
    this.#around = around;
    this.#announced = announced;
    this.#alarm = new Alarm(around.time);
  }
  /** Starts listening, and keeps the announcement up. */
  async begin() {
    const { signal, listen } = this.#around;
    signal.addEventListener("abort", this.#ring);
    this.#keeping = this.#keepUp();
    await listen(this.#ring).catch(() => false);
  }
  /**
   * Waits until the release phase has asked, and gives its drain, which is followed from there.
   * @param over aborts when the push has ended
   * @returns `undefined` when `over` aborts before anybody has asked
   * @throws the signal's reason
   */
  async adopted(over) {
    const { host, keys, time, numbers, signal, log } = this.#around;
    over.addEventListener("abort", this.#ring);
    try {
      for (; ; ) {
        signal.throwIfAborted();
        const last = over.aborted;
        const sentAt = time.now();
        const view = await look(host, keys).catch(passing);
        const intent = view?.intent;
        if (view && intent?.id === this.#announced.id && isInForce(intent, view.now)) {
          const { terms, taken } = await this.#read().catch(passing) ?? this.#announced;
          const hold = await adopt(this.#around, { intent, now: view.now }, terms, sentAt);
          this.#adopted = true;
          log.info(`the release phase asks for the drain${taken ? `, on ${dynoOf(taken)}` : ""}`);
          return hold;
        }
        if (last) return void 0;
        await this.#alarm.wait(view ? numbers.lookEveryMs : numbers.renewAgainMs);
      }
    } finally {
      over.removeEventListener("abort", this.#ring);
    }
  }
  /**
   * How the drain failed in the release phase, if it did and said so. Never rejects.
   * @returns what a person should read instead of the release's own failure
   */
  async failure() {
    const { time, numbers, signal } = this.#around;
    const patience = {
      time,
      againMs: numbers.renewAgainMs,
      forMs: signal.aborted ? 0 : numbers.resumeWatchMs
    };
    const there = await chunkR2YOQZTL.outlast(patience, () => this.#read()).catch(() => void 0);
    if (!there?.failure) return void 0;
    const { outcome, message, next } = there.failure;
    const word = outcome === "preflight-failed" || outcome === "cancelled" ? "release-failed" : outcome;
    return new main.DeployError(word, `The drain failed in the release phase: ${message}`, next);
  }
  async [Symbol.asyncDispose]() {
    const { log, time, numbers, signal } = this.#around;
    this.#stop.abort();
    signal.removeEventListener("abort", this.#ring);
    await this.#keeping;
    const patience = {
      time,
      againMs: numbers.renewAgainMs,
      forMs: signal.aborted ? 0 : numbers.resumeWatchMs
    };
    try {
      await chunkR2YOQZTL.outlast(patience, () => withdraw(this.#around, this.#announced.id));
      if (!this.#adopted) await chunkR2YOQZTL.outlast(patience, () => this.#abandon());
    } catch (error) {
      log.warning(
        `Redis could not be told that the deploy is over (${error.message}); its announcement is forgotten within ${main.formatDuration(numbers.announcedMs)}, and a drain ends with its lease`
      );
    }
  }
  #ring = () => this.#alarm.ring();
  /** What is known of this deploy by now; `undefined` if nothing is. */
  async #read() {
    const there = readAnnouncement(await readAnnounced(this.#around.host, this.#around.keys));
    return there?.id === this.#announced.id ? there : void 0;
  }
  /** Ends a drain that has this deploy's name, and sees who was held for it go on. */
  async #abandon() {
    const { host, keys, time, signal } = this.#around;
    const sentAt = time.now();
    const { intent, now } = await look(host, keys);
    if (intent?.id !== this.#announced.id || !isInForce(intent, now)) return;
    if (signal.aborted) return void await finish(host, keys, intent, "aborted");
    const hold = await adopt(this.#around, { intent, now }, this.#announced.terms, sentAt);
    await hold[Symbol.asyncDispose]();
  }
  async #keepUp() {
    const { host, keys, time, numbers, log } = this.#around;
    const lifeMs = numbers.announcedMs;
    let text = writeAnnouncement(this.#announced);
    for (; ; ) {
      try {
        await time.sleep(numbers.renewEveryMs, this.#stop.signal);
      } catch {
        return;
      }
      try {
        const { done, current } = await exchange(host, keys, { before: text, after: text, lifeMs });
        if (done || this.#stop.signal.aborted) continue;
        const there = readAnnouncement(current);
        if (there?.id === this.#announced.id) text = current;
        else if (current === "" && readAnnouncement(text)?.taken === void 0)
          await exchange(host, keys, { before: "", after: text, lifeMs });
      } catch (error) {
        if (!chunkR2YOQZTL.isOutage(error)) log.warning(`the announcement can't be kept up (${error.message})`);
      }
    }
  }
};
async function withdraw({ host, keys }, id) {
  let current = await readAnnounced(host, keys);
  while (readAnnouncement(current)?.id === id) {
    const { done, current: there } = await exchange(host, keys, { before: current, after: "", lifeMs: 1 });
    if (done) return;
    current = there;
  }
}
function dynoOf(taken) {
  return taken.split("#", 1)[0] ?? taken;
}
function passing(error) {
  if (!chunkR2YOQZTL.isOutage(error)) throw error;
}

// src/gate/list/complaint.ts
var complaint_exports2 = {};
main.__export(complaint_exports2, {
  LIMITS: () => LIMITS,
  doubt: () => doubt,
  drainTimeout: () => drainTimeout2,
  explained: () => explained,
  foreignRequest: () => foreignRequest,
  forgiven: () => forgiven,
  leaseLost: () => leaseLost2,
  missing: () => missing,
  remedy: () => remedy,
  restart: () => restart,
  show: () => show,
  subject: () => subject,
  unfit: () => unfit
});
var LIMITS = "protocol: list can not promise what the gate does. A runner that dies leaves the clock stopped, for nothing ends its hold; a request or an answer that is lost on its way is never noticed; an answer does not say which deploy it answers; there is no progress, and whether the new clock runs is not seen. docs/clients.md names listeners without these gaps";
function restart({ types, app }) {
  return types.map((type) => `heroku ps:restart ${type} --app ${app}`).join(" and ");
}
function remedy(to) {
  return `The ${to.types.join(" or ")} stays stopped until its dyno restarts. Now run: ${restart(to)}.`;
}
function doubt(to) {
  return `See whether the ${to.types.join(" or ")} goes on. If it does not: ${restart(to)}.`;
}
function subject({ types, count: count2 }, some) {
  return count2 === 1 ? `the ${types[0]}` : `${some} of ${count2} listeners (${types.join(", ")})`;
}
function missing(to, left, { requestKey }, { acknowledgeTimeoutMs }, stoppedBy) {
  const all = left === to.count;
  const [what, back] = !all ? [`Only ${to.count - left} of ${to.count} requests were taken`, "The rest was"] : to.count === 1 ? ["Nobody took the request", "It was"] : [`Nobody took any of ${to.count} requests`, "They were"];
  const before = stoppedBy ? `The deploy before it, ${chunkR2YOQZTL.describeAsker(stoppedBy)}, may have left the clock stopped. Start it again and run this one again: ${restart(to)}. Otherwise: ` : "";
  return new main.DeployError(
    "missing-clock",
    `${what} from the list ${show(requestKey)} within ${main.formatDuration(acknowledgeTimeoutMs)}: is the ${to.types.join(" or ")} running? ${back} taken back, and nothing was pushed.`,
    `${before}Check that the process runs (heroku ps --app ${to.app}), that it pops list-request-key from the Redis of this deploy, and that processes says how many do. If there is no listener yet, on-missing-clock: deploy.`
  );
}
function forgiven(to, { requestKey }) {
  return `nobody took the request from the list ${show(requestKey)}, and it was taken back; deploying all the same, as on-missing-clock: deploy says: whatever ${to.types.join(" or ")} runs may be killed`;
}
function drainTimeout2(to, unanswered, { drainTimeoutMs }) {
  return new main.DeployError(
    "drain-timeout",
    `${capital(subject(to, unanswered))} took the request and did not answer within ${main.formatDuration(drainTimeoutMs)}.`,
    "Nothing was pushed. Raise drain-timeout above the longest job, or choose on-drain-timeout: deploy (jobs may be killed). A clock that was restarted meanwhile took the request with it."
  );
}
function leaseLost2(why, asker) {
  return new main.DeployError("lease-lost", chunkR2YOQZTL.lossOf(why, asker), chunkR2YOQZTL.AFTER_A_LOSS);
}
function unfit({ which, type, length }, { requestKey, responseKey }) {
  const [input, key] = which === "requests" ? ["list-request-key", requestKey] : ["list-response-key", responseKey];
  const holds = type === "list" ? `a list of ${length} elements` : `a ${type}`;
  return new main.DeployError(
    "preflight-failed",
    `${input}: the key ${show(key)} holds ${holds}, which is no list of ${which}. Nothing was changed, and nobody was asked.`,
    `Name in ${input} the list that the listener uses. If this is the one, empty it: somebody else writes to it, or nobody reads it.`
  );
}
function explained(error, { keys, terms }) {
  if (!(error instanceof Error)) return error;
  const [requests, answers] = [show(terms.requestKey), show(terms.responseKey)];
  if (error.message.startsWith("CROSSSLOT")) {
    const [marker] = keys;
    const tag = marker.slice(marker.indexOf("{"), marker.indexOf("}") + 1);
    return new main.DeployError(
      "preflight-failed",
      `This Redis is a cluster, and the lists ${requests} and ${answers} are not on the slot of ${marker}, so no step can be atomic over them. Nobody was asked.`,
      `Give both lists the hash tag of the gate, here and in the listener: list-request-key: "${tag}:request", list-response-key: "${tag}:response".`,
      { cause: error }
    );
  }
  if (error.message.startsWith("NOPERM")) {
    return new main.DeployError(
      "preflight-failed",
      `The user of the Redis URL may not use the lists ${requests} and ${answers} (${error.message}).`,
      "Give it the rights that docs/list-protocol.md names, or use the URL of the default user.",
      { cause: error }
    );
  }
  return error;
}
function foreignRequest({ requestKey, message }) {
  return `somebody else has put ${show(message)} into the list ${show(requestKey)} while the push runs: the new clock takes it, and stops`;
}
function show(text) {
  return JSON.stringify(text);
}
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// src/gate/list/aftermath.ts
async function tellAftermath(around, lists, to, { withdrawn, taken, told }, watchMs) {
  const { log } = around;
  const { requestKey, message, resumeMessage } = lists.terms;
  if (withdrawn > 0)
    log.info(`took ${show(message)} back out of the list ${show(requestKey)}: nobody had taken it`);
  if (taken === 0) return void 0;
  const who = subject(to, taken);
  if (told === 0) {
    log.warning(
      `${who} took ${show(message)}, and list-resume-message names nothing that starts it again. ${remedy(to)}`
    );
    return remedy(to);
  }
  log.info(`put ${show(resumeMessage)} into the list ${show(requestKey)}, so that ${who} goes on`);
  if (await allTaken(around, lists, watchMs)) return void 0;
  log.warning(
    `nobody has taken ${show(resumeMessage)} from the list ${show(requestKey)} yet. A listener that waits for its jobs takes it when they have ended; one that ended with its answer never does. ${doubt(to)}`
  );
  return doubt(to);
}
async function allTaken({ time, numbers }, lists, watchMs) {
  const until = time.now() + watchMs;
  for (; ; ) {
    const left = await lists.waiting(lists.terms.resumeMessage).catch(() => 1);
    if (left === 0 || time.now() >= until) return left === 0;
    await time.sleep(Math.min(250, numbers.lookEveryMs));
  }
}

// src/gate/list/scripts/ask.lua
var ask_default = "-- Puts requests into the list, unless another deploy has its own there. What earlier deploys left in the lists goes first.\n-- KEYS: marker, requests, answers\n-- ARGV: id, lease ms, not after (server ms), asker, how many, request, resume request ('' for none), most elements of a list\n-- Replies: asked, ms left, old requests, old answers, who left the clock stopped | late | busy, asker, ms left\n--        | unfit, 'requests' or 'answers', type, length\nlocal id, lease, not_after, asker, count, message, resume, most = unpack(ARGV)\nlocal before = read_marker(KEYS[1])\nif before.id == id then\n  local left = in_force(before) and before.expiry - now or 0\n  return { 'asked', left, tonumber(before.old_requests), tonumber(before.old_answers), before.before }\nend\nif in_force(before) then\n  return { 'busy', before.asker, before.expiry - now }\nend\n-- A request that was stuck in a dead connection must not stop anybody for a deploy that is over.\nif now > tonumber(not_after) then\n  return { 'late' }\nend\n-- What follows deletes: these must be the lists that were meant.\nfor index, name in ipairs({ 'requests', 'answers' }) do\n  local kind = redis.call('TYPE', KEYS[index + 1]).ok\n  local length = kind == 'list' and redis.call('LLEN', KEYS[index + 1]) or 0\n  if (kind ~= 'none' and kind ~= 'list') or length > tonumber(most) then\n    return { 'unfit', name, kind, length }\n  end\nend\n\nlocal old_requests = redis.call('LREM', KEYS[2], 0, message)\nif resume ~= '' then\n  redis.call('LREM', KEYS[2], 0, resume)\nend\nlocal old_answers = redis.call('LLEN', KEYS[3])\nredis.call('DEL', KEYS[3])\nlocal alone = redis.call('EXISTS', KEYS[2]) == 0\nfor _ = 1, tonumber(count) do\n  redis.call('LPUSH', KEYS[2], message)\nend\n-- A request that nobody takes goes when the lease does. Not so what others have put there.\nlocal expiry = string.format('%.0f', now + lease)\nif alone then\n  redis.call('PEXPIREAT', KEYS[2], expiry)\nend\nlocal stopped = phase_of(before) == 'lapsed' and before.asker or before.stopped or ''\nredis.call('DEL', KEYS[1])\nredis.call('HSET', KEYS[1], 'id', id, 'phase', 'draining', 'expiry', expiry, 'asker', asker, 'asked', count, 'taken', 0, 'early', 0,\n  'withdrawn', 0, 'alone', alone and '1' or '', 'old_requests', old_requests, 'old_answers', old_answers, 'before', stopped)\nreturn { 'asked', tonumber(lease), old_requests, old_answers, stopped }\n";

// src/gate/list/scripts/count.lua
var count_default = "-- How many of a message stand in the list.\n-- KEYS: requests   ARGV: message\n-- Replies: count, how many\nreturn { 'count', #redis.call('LPOS', KEYS[1], ARGV[1], 'COUNT', 0) }\n";

// src/gate/list/scripts/finish.lua
var finish_default2 = "-- Ends it: takes back what nobody has taken, and after an abort tells whoever has taken a request to go on, if there is a word for\n-- that. A no-op for anybody but its owner.\n-- KEYS: marker, requests, answers\n-- ARGV: id, 'released' or 'aborted', request, resume request ('' for none)\n-- Replies: finished | already; each with withdrawn, taken, told to go on | not-ours\nlocal id, phase, message, resume = unpack(ARGV)\nlocal marker = read_marker(KEYS[1])\nif marker.id ~= id then\n  return { 'not-ours' }\nend\nif marker.phase ~= 'draining' then\n  return { 'already', tonumber(marker.withdrawn), tonumber(marker.taken), tonumber(marker.told) }\nend\nlocal removed = take_back(marker, KEYS[2], message)\nlocal taken, withdrawn = marker.asked - removed, marker.withdrawn + removed\nif marker.alone == '1' then\n  -- What others have put there meanwhile is theirs.\n  redis.call('PERSIST', KEYS[2])\nend\n-- What a marker says is not believed where it would keep the server busy.\nlocal told = phase == 'aborted' and resume ~= '' and math.min(taken, 100000) or 0\nfor _ = 1, told do\n  redis.call('LPUSH', KEYS[2], resume)\nend\nredis.call('DEL', KEYS[3])\n-- For the next deploy, should nobody take its request: who has left the clock stopped.\nlocal stopped = ''\nif phase == 'aborted' and told == 0 then\n  stopped = taken > 0 and marker.asker or marker.before\nend\nredis.call('HSET', KEYS[1], 'phase', phase, 'taken', taken, 'withdrawn', withdrawn, 'told', told, 'stopped', stopped)\nreturn { 'finished', withdrawn, taken, told }\n";

// src/gate/list/scripts/look.lua
var look_default2 = "-- Reads what became of the requests, in one step.\n-- KEYS: marker, requests, answers   ARGV: id, request\n-- Replies: seen, requests out, taken, answered, early answers, answers as they stand in the list | lost, why, asker\nlocal id, message = unpack(ARGV)\nlocal marker = read_marker(KEYS[1])\nlocal why = lost(marker, id)\nif why then\n  return { 'lost', why, marker.asker or '' }\nend\nlocal taken = marker.asked - untaken(marker, KEYS[2], message)\n-- Who has taken no request can't answer it: an answer that is there before is late for an earlier one, and never counts.\nlocal answers = redis.call('LLEN', KEYS[3])\nlocal early = math.max(tonumber(marker.early), answers - taken)\nredis.call('HSET', KEYS[1], 'taken', taken, 'early', early)\nlocal texts = redis.call('LRANGE', KEYS[3], 0, 99)\nfor index, text in ipairs(texts) do\n  texts[index] = string.sub(text, 1, 800)\nend\nreturn { 'seen', tonumber(marker.asked), taken, answers - early, early, texts }\n";

// src/gate/list/scripts/prelude.lua
var prelude_default2 = "-- Put before the scripts of this folder, after the protocol's own prelude. A marker is what a deploy keeps about its requests.\n\nlocal function read_marker(key)\n  return intent_fields(key, 'id', 'phase', 'expiry', 'asker', 'asked', 'taken', 'early', 'withdrawn', 'alone', 'old_requests',\n    'old_answers', 'before', 'stopped', 'told')\nend\n\n-- Of the requests that are out, how many nobody has taken. Equal ones of somebody else's can't be told apart: never more than\n-- were left when it was looked last.\nlocal function untaken(marker, requests, message)\n  local found = #redis.call('LPOS', requests, message, 'COUNT', 0)\n  return math.min(found, marker.asked - marker.taken)\nend\n\n-- Takes those back; returns how many.\nlocal function take_back(marker, requests, message)\n  local most = marker.asked - marker.taken\n  -- LREM means all of them by 0.\n  return most > 0 and redis.call('LREM', requests, most, message) or 0\nend\n";

// src/gate/list/scripts/renew.lua
var renew_default2 = "-- Extends the lease, and with it the life of what nobody has taken; never shortens it.\n-- KEYS: marker, requests   ARGV: id, lease ms, request\n-- Replies: renewed, ms left | lost, why, asker\nlocal id, lease, message = unpack(ARGV)\nlocal marker = read_marker(KEYS[1])\nlocal why = lost(marker, id)\nif why then\n  return { 'lost', why, marker.asker or '' }\nend\nlocal expiry = math.max(tonumber(marker.expiry), now + lease)\nredis.call('HSET', KEYS[1], 'expiry', string.format('%.0f', expiry))\nif marker.alone == '1' and untaken(marker, KEYS[2], message) > 0 then\n  redis.call('PEXPIREAT', KEYS[2], string.format('%.0f', expiry))\nend\nreturn { 'renewed', expiry - now }\n";

// src/gate/list/scripts/withdraw.lua
var withdraw_default = "-- Takes back the requests that nobody has taken.\n-- KEYS: marker, requests   ARGV: id, request\n-- Replies: withdrawn, how many so far, requests out | lost, why, asker\nlocal id, message = unpack(ARGV)\nlocal marker = read_marker(KEYS[1])\nlocal why = lost(marker, id)\nif why then\n  return { 'lost', why, marker.asker or '' }\nend\nlocal removed = take_back(marker, KEYS[2], message)\nlocal asked, withdrawn = marker.asked - removed, marker.withdrawn + removed\nredis.call('HSET', KEYS[1], 'asked', asked, 'taken', asked, 'withdrawn', withdrawn)\nreturn { 'withdrawn', withdrawn, asked }\n";

// src/gate/list/lists.ts
var [askScript, countScript, finishScript2, lookScript2, renewScript2, withdrawScript] = [
  own("ask", ask_default),
  own("count", count_default),
  own("finish", finish_default2),
  own("look", look_default2),
  own("renew", renew_default2),
  own("withdraw", withdraw_default)
];
var MOST_ELEMENTS = 1e3;
var Lists = class {
  terms;
  #host;
  #id;
  #marker;
  constructor(host, gateName, terms, id) {
    this.terms = terms;
    this.#host = host;
    this.#id = id;
    this.#marker = `${main.gatePrefix(gateName)}:list`;
  }
  get keys() {
    return [this.#marker, this.terms.requestKey, this.terms.responseKey];
  }
  /**
   * Puts `count` requests into the list, unless another deploy has its own there.
   * @param notAfter server ms after which the call is void
   */
  async ask(request) {
    const { leaseMs, notAfter, asker, count: count2 } = request;
    const { message, resumeMessage } = this.terms;
    const args = [this.#id, leaseMs, notAfter, asker, count2, message, resumeMessage, MOST_ELEMENTS];
    const reply = await this.#run(askScript, this.keys, args);
    switch (reply.text()) {
      case "asked":
        return {
          kind: "asked",
          leftMs: reply.number(),
          oldRequests: reply.number(),
          oldAnswers: reply.number(),
          stoppedBy: reply.text()
        };
      case "late":
        return { kind: "late" };
      case "busy":
        return { kind: "busy", asker: reply.text(), leftMs: reply.number() };
      case "unfit":
        return {
          kind: "unfit",
          which: reply.text() === "requests" ? "requests" : "answers",
          type: reply.text(),
          length: reply.number()
        };
      default:
        throw reply.unknown();
    }
  }
  async look() {
    const reply = await this.#run(lookScript2, this.keys, [this.#id, this.terms.message]);
    const kind = reply.text();
    if (kind !== "seen") return lostReply(kind, reply);
    return {
      kind,
      asked: reply.number(),
      taken: reply.number(),
      answered: reply.number(),
      early: reply.number(),
      texts: reply.list()
    };
  }
  /** Extends the lease to `leaseMs` from now; never shortens it, never revives it. */
  async renew(leaseMs) {
    const [marker, requests] = this.keys;
    const reply = await this.#run(
      renewScript2,
      [marker, requests],
      [this.#id, Math.round(leaseMs), this.terms.message]
    );
    const kind = reply.text();
    return kind === "renewed" ? { kind, leftMs: reply.number() } : lostReply(kind, reply);
  }
  /** Takes back what nobody has taken. `withdrawn` counts from the beginning, `asked` is what is left: all of it taken. */
  async withdraw() {
    const [marker, requests] = this.keys;
    const reply = await this.#run(withdrawScript, [marker, requests], [this.#id, this.terms.message]);
    const kind = reply.text();
    if (kind !== "withdrawn") return lostReply(kind, reply);
    return { kind, withdrawn: reply.number(), asked: reply.number() };
  }
  /** Takes back what nobody has taken; after an abort, puts a resume message for each taken request into the list, if there is one. */
  async finish(ending) {
    const { message, resumeMessage } = this.terms;
    const reply = await this.#run(finishScript2, this.keys, [this.#id, ending, message, resumeMessage]);
    const kind = reply.text();
    if (kind === "not-ours") return { kind };
    if (kind !== "finished" && kind !== "already") throw reply.unknown();
    return { kind, withdrawn: reply.number(), taken: reply.number(), told: reply.number() };
  }
  /** How many of `message` nobody has taken, whoever put them into the list. */
  async waiting(message) {
    const reply = await this.#run(countScript, [this.terms.requestKey], [message]);
    if (reply.text() !== "count") throw reply.unknown();
    return reply.number();
  }
  async #run(which, keys, args) {
    return new ReplyReader(which.name, await run(this.#host, which, keys, args));
  }
};
function own(name2, body) {
  return script(`list ${name2}`, `${prelude_default2}
${body}`);
}

// src/gate/list/progress.ts
var ListProgress = class {
  #type;
  #count;
  #takers = [];
  #answered = 0;
  #early = 0;
  #texts = [];
  #quietToMs;
  constructor(types, count2) {
    this.#type = types.join(" or ");
    this.#count = count2;
  }
  /** Whoever took a request. */
  get participants() {
    return this.#takers;
  }
  /** How long whoever took a request was not scheduling, up to `nowMs` if that still goes on; `undefined` if nobody took one. */
  quietMs(nowMs) {
    const from = this.#takers[0]?.acceptedMs;
    return from === void 0 ? void 0 : (this.#quietToMs ?? nowMs) - from;
  }
  /** A clock schedules again: the new release's, or the old one's. */
  quietEnded(atMs) {
    this.#quietToMs ??= atMs;
  }
  /** Takes in what was read `atMs` after the request; returns a line for each change. */
  update({ taken, answered: answered2, early, texts }, atMs) {
    const lines = [];
    while (this.#takers.length < Math.min(taken, this.#count)) {
      const number = this.#takers.length + 1;
      const dyno = this.#count === 1 ? this.#type : `${this.#type} ${number} of ${this.#count}`;
      const id = `request ${number}`;
      this.#takers.push({ id, dyno, type: this.#type, state: "draining", seenMs: 0, acceptedMs: atMs });
      lines.push(`${dyno} took the request`);
    }
    const arrived = arrivals(this.#texts, texts);
    this.#texts = texts;
    for (; this.#early < Math.min(early, MOST_ELEMENTS); this.#early++) {
      lines.push(
        `an answer came before its request was taken, so it is late for an earlier one: ${said(arrived)}; it does not count`
      );
    }
    for (; this.#answered < answered2; this.#answered++) {
      const taker = this.#takers[this.#answered];
      if (taker === void 0) break;
      const text = said(arrived);
      Object.assign(taker, { state: "drained", drainedMs: atMs, note: text });
      lines.push(`${taker.dyno} answered ${text}`);
    }
    return lines;
  }
};
function said(arrived) {
  return JSON.stringify((arrived.shift() ?? "").slice(0, chunkR2YOQZTL.NOTE_LENGTH - 2));
}
function arrivals(before, now) {
  const added = Math.max(0, now.length - before.length);
  const atRight = before.length > 0 && before.every((text, index) => now[index] === text);
  return atRight ? now.slice(before.length) : now.slice(0, added).reverse();
}

// src/gate/list/hold.ts
var LOOK_EVERY_MS = 500;
var CANCELLED_WATCH_MS2 = 2e3;
var ListHold = class {
  #around;
  #lists;
  #request;
  #progress;
  #contact;
  #withdrawn = 0;
  #remedy;
  /** @param sentAt when the request was sent that the lease of `leftMs` came with */
  constructor(around, lists, request, sentAt, leftMs) {
    this.#around = around;
    this.#lists = lists;
    this.#request = request;
    this.#progress = new ListProgress(request.to.types, request.to.count);
    const { leaseLost: lost } = complaint_exports2;
    this.#contact = new LeasedContact(around, { renew: (ms) => lists.renew(ms), lost }, sentAt, leftMs);
  }
  get participants() {
    return this.#progress.participants;
  }
  get elapsedMs() {
    return this.#contact.elapsedMs;
  }
  get quietMs() {
    return this.#progress.quietMs(this.elapsedMs);
  }
  get remedy() {
    return this.#remedy;
  }
  /** @throws DeployError (`missing-clock`, `drain-timeout`, `lease-lost`) */
  async drained() {
    const { terms, to } = this.#request;
    const { onDrainTimeout, drainTimeoutMs, acknowledgeTimeoutMs } = terms;
    for (; ; ) {
      const { asked, taken, answered: answered2 } = await this.#look();
      if (answered2 >= asked) return true;
      if (taken < asked && this.elapsedMs >= acknowledgeTimeoutMs) {
        await this.#withdraw();
        continue;
      }
      if (this.elapsedMs >= drainTimeoutMs) {
        const late2 = drainTimeout2(to, asked - answered2, terms);
        if (onDrainTimeout !== "deploy") throw late2;
        this.#around.log.warning(
          `${late2.message} Pushing all the same, as on-drain-timeout: deploy says: what runs may be killed.`
        );
        return false;
      }
      await this.#contact.pause(Math.min(LOOK_EVERY_MS, this.#around.numbers.lookEveryMs));
    }
  }
  /**
   * By now every request was taken, or taken back: whoever boots during the push finds none.
   * @throws DeployError (`lease-lost`)
   */
  async commit() {
    const { numbers, time } = this.#around;
    let sentAt = time.now();
    const { leftMs } = await this.#insist(() => {
      sentAt = time.now();
      return this.#lists.renew(numbers.pushLeaseMs);
    });
    this.#contact.lease.extended(sentAt, leftMs);
  }
  async concerns() {
    const { loss } = this.#contact.lease;
    if (loss) return [leaseLost2(loss.why, loss.asker).message];
    const { message } = this.#lists.terms;
    return await this.#lists.waiting(message) === 0 ? [] : [foreignRequest(this.#lists.terms)];
  }
  async release() {
    this.#contact.end();
    this.#progress.quietEnded(this.elapsedMs);
    await this.#finish("released");
  }
  /** Nothing tells whether a listener of this kind runs. */
  async successor() {
    this.#around.log.info(
      "protocol: list can not tell whether the new clock runs, so wait-for-clock is passed over"
    );
    return [];
  }
  async [Symbol.asyncDispose]() {
    if (!this.#contact.ended) {
      this.#contact.end();
      const { numbers, signal } = this.#around;
      const answer = await this.#finish("aborted");
      if (answer !== void 0) {
        const watchMs = signal.aborted ? CANCELLED_WATCH_MS2 : numbers.resumeWatchMs;
        this.#remedy = await tellAftermath(this.#around, this.#lists, this.#request.to, answer, watchMs);
        if (this.#remedy === void 0) this.#progress.quietEnded(this.elapsedMs);
      }
    }
    this.#contact.close();
  }
  async #look() {
    const view = await this.#insist(() => this.#lists.look());
    for (const line of this.#progress.update(view, this.elapsedMs)) this.#around.log.info(line);
    return view;
  }
  /** Nobody has taken what is still there, and the time for it is over. */
  async #withdraw() {
    const { asked, withdrawn } = await this.#insist(() => this.#lists.withdraw());
    const left = withdrawn - this.#withdrawn;
    this.#withdrawn = withdrawn;
    if (left === 0) return;
    const { terms, to, stoppedBy } = this.#request;
    const forgivable = terms.onMissingClock === "deploy" && !terms.asked.some(({ demanded }) => demanded);
    if (asked > 0 || !forgivable) throw missing(to, left, this.#lists.terms, terms, stoppedBy);
    this.#around.log.warning(forgiven(to, this.#lists.terms));
  }
  /** @returns what was done; `undefined` when the lists are not this deploy's, or can't be told */
  async #finish(ending) {
    const { log } = this.#around;
    try {
      const answer = await this.#lists.finish(ending);
      if (answer.kind !== "not-ours") return answer;
      log.warning("the lists were not this deploy's any more when it ended, so nothing was changed");
      if (this.participants.length === 0) return void 0;
    } catch (error) {
      log.warning(`Redis could not be told that the drain is ${ending} (${error.message})`);
    }
    if (ending === "aborted") this.#remedy = doubt(this.#request.to);
    return void 0;
  }
  /** @throws DeployError (`lease-lost`) */
  async #insist(call) {
    const answer = await this.#contact.insist(call);
    if (isLost(answer)) throw leaseLost2(answer.why, answer.asker);
    return answer;
  }
};
function isLost(answer) {
  return typeof answer === "object" && answer !== null && "kind" in answer && answer.kind === "lost";
}

// src/gate/list/ask.ts
var POST_WATCH_MS = 2e3;
async function inspectLists({ host, keys, log }, types) {
  log.warning(LIMITS);
  const view = await look(host, keys);
  if (view.intent && isInForce(view.intent, view.now))
    throw chunkR2YOQZTL.busy(view.intent.asker, view.intent.expiry - view.now);
  const better = view.rows.filter((row) => types.includes(row.type) && chunkR2YOQZTL.isAlive(row, view.now));
  if (better.length > 0) {
    const dynos = better.map(({ dyno }) => dyno).join(", ");
    log.warning(
      `${dynos} takes part in the gate itself, and is not asked by protocol: list. Leave protocol out of the workflow once every process does`
    );
  }
}
async function askByList(around, gateName, listTerms, id, terms, asker) {
  const { host, keys, numbers, time, log } = around;
  const lists = new Lists(host, gateName, listTerms, id);
  const to = audience(terms.asked, asker.app);
  const { now } = await look(host, keys);
  const sentAt = time.now();
  const request = {
    leaseMs: numbers.drainLeaseMs,
    notAfter: now + numbers.requestValidMs,
    asker: JSON.stringify(asker),
    count: to.count
  };
  const answer = await lists.ask(request).catch((error) => {
    throw explained(error, lists);
  });
  switch (answer.kind) {
    case "busy":
      throw chunkR2YOQZTL.busy(answer.asker, answer.leftMs);
    case "late":
      throw chunkR2YOQZTL.late();
    case "unfit":
      throw unfit(answer, listTerms);
  }
  const { oldRequests, oldAnswers, stoppedBy, leftMs } = answer;
  if (oldRequests + oldAnswers > 0) {
    const left = [chunkR2YOQZTL.count(oldRequests, "request"), chunkR2YOQZTL.count(oldAnswers, "answer")];
    log.info(`removed what earlier deploys had left in the lists: ${left.join(", ")}`);
  }
  const { message, requestKey } = listTerms;
  log.info(
    `put ${show(message)} into the list ${show(requestKey)}${to.count > 1 ? ` ${to.count} times` : ""}`
  );
  return new ListHold(around, lists, { terms, to, stoppedBy }, sentAt, leftMs);
}
async function endByList(around, gateName, listTerms, id, asked, app) {
  const lists = new Lists(around.host, gateName, listTerms, id);
  const answer = await lists.finish("aborted");
  if (answer.kind !== "finished") {
    around.log.info("the drain of this job was over already: nothing to do");
    return;
  }
  around.log.info("this job was stopped while its request was out: ended it");
  await tellAftermath(around, lists, audience(asked, app), answer, POST_WATCH_MS);
}
function audience(asked, app) {
  return {
    types: asked.map(({ type }) => type),
    count: asked.reduce((sum2, { atLeast }) => sum2 + atLeast, 0),
    app
  };
}

// src/deploy/quiet/taking-part.ts
async function takingPart(gate, gateName, asker, { asked }) {
  const types = asked.map(({ type }) => type);
  const there = await inspectGate(gate, gateName, asker, types);
  gate.log.info(
    there.length > 0 ? `taking part: ${chunkR2YOQZTL.enumerate(there.map(({ dyno }) => dyno))}` : `nobody takes part yet as ${types.join(" or ")}`
  );
  return there;
}

// src/deploy/quiet/protocol.ts
function protocolOf(plan, around, who = { asked: plan.processes, dynos: [], notes: [] }) {
  return plan.list === void 0 ? byGate(plan, around, who) : byList(plan, around, plan.list, who);
}
function byGate(plan, around, who) {
  const { host, keys, log } = around;
  return {
    inspect: (asker) => takingPart(around, plan.gateName, asker, who),
    ask: (id, asker, replaces) => acquireGate(around, id, termsOf(plan, who), asker, replaces),
    async end(id) {
      if (plan.drainAt === "release-phase") await withdraw(around, id);
      const answer = await finish(host, keys, { id, epoch: "" }, "aborted");
      log.info(
        answer === "finished" ? "this job was stopped while its drain was in force: ended it, the clock goes back to work" : "the drain of this job was over already: nothing to do"
      );
    }
  };
}
function byList(plan, around, list, who) {
  const { gateName, app } = plan;
  const { asked: processes } = who;
  return {
    async inspect() {
      await inspectLists(
        around,
        processes.map(({ type }) => type)
      );
      return [];
    },
    ask: (id, asker) => askByList(around, gateName, list, id, termsOf(plan, who), { ...asker, app }),
    end: (id) => endByList(around, gateName, list, id, processes, app)
  };
}
function unended({ list, app, processes }) {
  if (list === void 0)
    return "held participants resume by themselves when its lease runs out: 1 minute while draining, 3 during a push";
  const command = restart({ types: processes.map(({ type }) => type), app });
  return `a request that nobody has taken goes by itself within a minute; whoever has taken one stays stopped until its dyno restarts: ${command}`;
}
function termsOf(plan, { asked, dynos }) {
  const { acknowledgeTimeoutMs, drainTimeoutMs, onDrainTimeout, onMissingClock } = plan;
  return { asked, acknowledgeTimeoutMs, drainTimeoutMs, onDrainTimeout, onMissingClock, expected: dynos };
}

// src/deploy/quiet/quiet.ts
function unasked(deployed) {
  return {
    deployed,
    during: (publish) => publish(),
    async released() {
    },
    successor: async () => [],
    async [Symbol.asyncDispose]() {
    }
  };
}

// src/deploy/quiet/by-runner.ts
async function quietByRunner(plan, around, story, signal, target, who) {
  var _stack = [];
  try {
    const { redis, group, time } = around;
    const scope = main.__using(_stack, new AsyncDisposableStack(), true);
    const server = scope.use(await group("Redis", () => redis.open(story.log, signal)));
    const asker = { ...plan.asker, app: plan.app, commit: target.commit };
    const protocol = protocolOf(plan, { ...server.around, log: story.log }, who);
    await protocol.inspect(asker);
    const id = newDeployId();
    around.remember({ id, fingerprint: server.fingerprint });
    story.stage = "draining";
    const hold = scope.use(await protocol.ask(id, asker, target.currentRelease ?? ""));
    story.follow(hold);
    const everybody = await group("Drain: waiting for running jobs", () => hold.drained());
    await hold.commit(!everybody);
    const kept = scope.move();
    return {
      deployed: "",
      during: (publish) => during(publish, () => hold.concerns(), story.log, time),
      released: () => hold.release(),
      successor: (waitMs, release, over) => hold.successor(waitMs, release, over),
      [Symbol.asyncDispose]: () => kept.disposeAsync()
    };
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = main.__callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}

// src/deploy/quiet/quieten.ts
async function quieten(plan, around, story, signal, target) {
  if (plan.skipDrain) {
    story.log.warning(
      "skip-drain: true: deploying at once. Jobs that run now get SIGTERM, and SIGKILL 30 s later."
    );
    return unasked("deployed without a drain");
  }
  const who = expected(plan.processes, target.formation, target.dynos);
  for (const note of who.notes) story.log.info(note);
  if (!anybody(plan, who)) return unasked("deployed without a drain, since there was nobody to drain");
  const inReleasePhase = plan.drainAt === "release-phase";
  if (plan.drainFrom === "dyno" && inReleasePhase) {
    const { quietOutOfSight } = await Promise.resolve().then(function () { return require('./out-of-sight.js'); });
    return await quietOutOfSight(plan, around, story, signal);
  }
  if (plan.drainFrom === "dyno") {
    const { quietByDyno } = await Promise.resolve().then(function () { return require('./by-dyno.js'); });
    return await quietByDyno(plan, around, story, signal, target, who);
  }
  if (inReleasePhase) {
    const { quietByReleasePhase } = await Promise.resolve().then(function () { return require('./by-release-phase.js'); });
    return await quietByReleasePhase(plan, around, story, signal, target, who);
  }
  return await quietByRunner(plan, around, story, signal, target, who);
}
function anybody({ list }, { asked }) {
  return list === void 0 ? asked.length > 0 : asked.some(({ atLeast }) => atLeast > 0);
}

// src/deploy/health-check.ts
var ANSWER_WITHIN_MS = 3e4;
var LAST_ANSWER_WITHIN_MS = 1e3;
var MOST_BYTES = 1048576;
var SHOWN = 120;
var SHORTEST_KEY = 4;
async function checkHealth(check, webUrl, release2, around) {
  const { log, time, signal } = around;
  const { timeoutMs, intervalMs } = check;
  const url = addressOf(check.url, webUrl);
  if (url === void 0) {
    throw new main.DeployError(
      "health-check-failed",
      `${release2} is released, but its health can't be checked: health-check-url is a path, and the app has no URL of its own.`,
      "Give the whole address in health-check-url."
    );
  }
  const began = time.now();
  let told = "";
  for (let tries = 1; ; tries++) {
    const left = began + timeoutMs - time.now();
    const limitMs = Math.min(ANSWER_WITHIN_MS, Math.max(LAST_ANSWER_WITHIN_MS, left));
    const trouble = await ask(url, check, limitMs, around);
    signal.throwIfAborted();
    if (trouble === void 0) {
      log.info(`${shown(url)} answers well${tries > 1 ? `, at the ${ordinal(tries)} time of asking` : ""}`);
      return;
    }
    const rest = began + timeoutMs - time.now();
    if (rest <= 0) throw unhealthy(url, release2, tries, timeoutMs, trouble);
    if (trouble !== told) log.info(`${shown(url)} ${trouble}; asking every ${main.formatDuration(intervalMs)}`);
    told = trouble;
    await time.sleep(Math.min(intervalMs, rest), signal);
  }
}
function addressOf(url, webUrl) {
  if (!url.startsWith("/")) return url;
  return URL.canParse(url, webUrl) ? new URL(url, webUrl).href : void 0;
}
function shown(url) {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
async function ask(url, { statuses, body }, limitMs, { fetch, time, signal }) {
  try {
    return await withinLimit(limitMs, { time, signal }, async (limit) => {
      const headers = { "User-Agent": "heroku-deploy-gate", Accept: "*/*" };
      const answer = await fetch(url, { headers, redirect: "manual", signal: limit });
      const text = await beginningOf(answer);
      const says = quoted(text, url);
      const { status } = answer;
      if (!statuses.some(([first, last]) => status >= first && status <= last)) {
        return `answered ${status}${redirection(answer, url)}${says}`;
      }
      if (body === void 0 || text.includes(body)) return void 0;
      return `answered ${status}, without the text that health-check-body wants${says}`;
    });
  } catch (error) {
    signal.throwIfAborted();
    return `gave no answer (${reasonOf(error, limitMs)})`;
  }
}
function redirection({ headers }, url) {
  const to = headers.get("location");
  return to !== null && URL.canParse(to, url) ? `, a redirect to ${shown(new URL(to, url).href)}` : "";
}
function quoted(text, url) {
  const { search, searchParams } = new URL(url);
  const asked = [search.slice(1), ...searchParams.values()].filter((value) => value.length >= SHORTEST_KEY);
  const hidden = asked.reduce((rest, value) => rest.replaceAll(value, "***"), text);
  const beginning = main.oneLine(hidden, SHOWN);
  return beginning === "" ? "" : ` ("${beginning}")`;
}
async function beginningOf({ body }) {
  const pieces = [];
  let bytes = 0;
  for await (const piece of body ?? []) {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes >= MOST_BYTES) break;
  }
  return Buffer.concat(pieces).toString();
}
function reasonOf(error, limitMs) {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeLimitError") return `none within ${main.formatDuration(limitMs)}`;
  if (error.cause instanceof Error) return reasonOf(error.cause, limitMs);
  return error.message || ("code" in error ? String(error.code) : error.name);
}
function ordinal(number) {
  const last = number % 10;
  const teen = number % 100 >= 11 && number % 100 <= 13;
  return `${number}${teen ? "th" : last === 1 ? "st" : last === 2 ? "nd" : last === 3 ? "rd" : "th"}`;
}
function unhealthy(url, release2, tries, timeoutMs, trouble) {
  return new main.DeployError(
    "health-check-failed",
    `${release2} is released, but ${shown(url)} did not answer well within ${main.formatDuration(timeoutMs)} (asked ${tries === 1 ? "once" : `${tries} times`}): at last it ${trouble}.`,
    "See why in the log of the app (`heroku logs`). If it is only slow to boot, raise health-check-timeout."
  );
}

// src/deploy/prove.ts
async function prove(plan, around, story, signal, target, { quiet, release: release2 }) {
  const { heroku, group: group2 } = around;
  const { waitForDynosMs, waitForClockMs, healthCheck } = plan;
  const dynos = (linked) => story.span("new dynos", "heroku", () => heroku.dynosUp(release2, waitForDynosMs, linked));
  const clock = (linked) => story.span("new clock", "gate", async () => {
    const seen = await quiet.successor(waitForClockMs, release2, linked);
    if (seen.length === 0) return;
    const are = seen.length === 1 ? "is" : "are";
    story.log.info(`${seen.join(", ")} of the new release ${are} scheduling`);
  });
  const waits = [...waitForDynosMs > 0 ? [dynos] : [], ...waitForClockMs > 0 ? [clock] : []];
  if (waits.length > 0) await group2("New release", () => together$1(signal, waits));
  if (healthCheck === void 0) return;
  const needs = { ...around, log: story.log, signal };
  await group2(
    "Health check",
    () => story.span("health check", "heroku", () => checkHealth(healthCheck, target.webUrl, release2, needs))
  );
}

// src/deploy/hold-report.ts
function reportHolds(holds) {
  const all = holds.flatMap((hold) => hold.participants);
  const participants = all.map(describe);
  const drained = all.flatMap(({ drainedMs }) => drainedMs ?? []);
  const quiet = holds.flatMap((hold) => hold.quietMs ?? []);
  const [jobsFinished, jobsStored] = [sum(participants, "finished"), sum(participants, "stored")];
  return {
    participants,
    ...drained.length > 0 && { drainSeconds: seconds(drained.reduce((most, one) => Math.max(most, one))) },
    ...quiet.length > 0 && { quietSeconds: seconds(quiet.reduce((total, one) => total + one)) },
    ...jobsFinished !== void 0 && { jobsFinished },
    ...jobsStored !== void 0 && { jobsStored }
  };
}
function describe(one) {
  const { id, dyno, type, state, finished, stored, lost, note, acceptedMs, drainedMs, seenMs } = one;
  return {
    id,
    dyno,
    type,
    state,
    ...finished !== void 0 && { finished },
    ...stored !== void 0 && { stored },
    ...lost !== void 0 && { lost },
    ...acceptedMs !== void 0 && { acceptedSeconds: seconds(acceptedMs - seenMs) },
    ...drainedMs !== void 0 && { drainedSeconds: seconds(drainedMs - seenMs) },
    ...note !== void 0 && { note }
  };
}
function sum(participants, field) {
  const known = participants.flatMap((one) => one[field] ?? []);
  if (participants.length > 0 && known.length === 0) return void 0;
  return known.reduce((total, count) => total + count, 0);
}
function seconds(ms) {
  return Math.round(ms / 100) / 10;
}

// src/deploy/story.ts
var MOMENT_MS = 100;
var MOST_NAMED = 5;
var Story = class {
  log;
  stage = "preflight";
  /** how the release is made */
  deed;
  commit;
  url;
  release;
  /** the release by which it was taken back */
  rollback;
  /** the release to which the app is being taken back, `v42` */
  goingBackTo;
  #plan;
  #time;
  #startedAt;
  #warnings = [];
  #spans = [];
  /** a second one is of the new release's participants, when it is taken back */
  #holds = [];
  constructor(plan, time, log) {
    this.#plan = plan;
    this.deed = plan.strategy.kind;
    this.#time = time;
    this.#startedAt = time.now();
    this.log = {
      info: (line) => log.info(line),
      warning: (line) => {
        this.#warnings.push(line);
        log.warning(line);
      }
    };
  }
  /** It is known what is deployed, and over what. */
  begins({ what, commit, webUrl, currentRelease }) {
    const { app } = this.#plan;
    this.log.info(`${app} ${currentRelease ? `runs ${currentRelease}` : "runs no release yet"}; ${what}`);
    this.commit = commit || void 0;
    this.url = webUrl || void 0;
  }
  /** What is deployed, in the middle of a sentence. */
  get named() {
    return this.commit === void 0 ? "what was asked for" : this.commit.slice(0, 8);
  }
  /** Does `work` as one bar of the chart. */
  async span(name, section, work) {
    const fromMs = this.#elapsedMs();
    let failed2 = true;
    try {
      const result = await work();
      failed2 = false;
      return result;
    } finally {
      this.#spans.push({ name, section, fromMs, toMs: this.#elapsedMs(), failed: failed2 });
    }
  }
  /** The participants of `hold` belong to this story from now on. */
  follow(hold) {
    this.#holds.push({ hold, fromMs: this.#elapsedMs() - hold.elapsedMs });
  }
  /** The report of a deploy that went as hoped. */
  ended(outcome, message) {
    return this.#report(outcome, message, "");
  }
  /** The report of a deploy that ended with `error`. */
  failed(error) {
    const first = this.#remedies.map((remedy) => `${remedy} `).join("");
    if (error instanceof main.DeployError)
      return this.#report(
        error.outcome,
        `${error.message}${this.#aftermath(error) || this.#backAtWork}`,
        `${first}${error.next}`
      );
    const message = error instanceof Error ? error.message : String(error);
    return this.#report(
      "failed",
      `Something unexpected went wrong while ${STAGES[this.stage]}: ${message}${this.#aftermath()}`,
      `${first}Please report it with the log of this run: it is a fault of this action, or a situation that it does not know.`
    );
  }
  /** What a stop from outside leaves behind, which the error itself can't know. */
  #aftermath(error) {
    if (error && error.outcome !== "cancelled" && error.outcome !== "deploy-timeout") return "";
    if (this.rollback !== void 0) {
      return ` ${this.release} is released and did not work. It was taken back by ${this.rollback}; whether that works was not waited for.`;
    }
    if (this.goingBackTo !== void 0) {
      return ` ${this.release} is released and does not work. Going back to ${this.goingBackTo} was ended here: \`heroku releases --app ${this.#plan.app}\` tells how far it came, and \`heroku rollback ${this.goingBackTo} --app ${this.#plan.app}\` goes back by hand.`;
    }
    const goesOn = this.#remedies.length === 0;
    const clock = goesOn ? "goes on" : "may stay stopped";
    switch (this.stage) {
      case "preflight":
        return " Nobody was asked to drain, and nothing was pushed.";
      case "draining":
        return ` Nothing was pushed, and the clock ${clock}.`;
      case "pushing":
        return ` ${DEEDS[this.deed]} was ended here, but Heroku may still ${this.deed === "git-push" ? "build and release it" : "go on with it"}: \`heroku releases --app ${this.#plan.app}\` tells. The old clock ${clock} until then${goesOn ? ", and would get SIGTERM without a drain" : ""}.`;
      case "verifying":
        return ` ${DEEDS[this.deed]} went through; its release was not verified: \`heroku releases --app ${this.#plan.app}\` tells. The old clock ${clock} until it is replaced.`;
      case "released":
        return ` ${this.release} is released; whether it works was not waited for.`;
    }
  }
  /** Who went back to work after a release that came to nothing, as a sentence. What fails before that says so itself. */
  get #backAtWork() {
    if (this.stage !== "pushing" && this.stage !== "verifying") return "";
    const participants = this.#holds.flatMap(({ hold }) => hold.participants);
    const back = participants.flatMap(({ dyno, resumedMs }) => resumedMs === void 0 ? [] : dyno);
    return back.length === 0 ? "" : ` ${chunkR2YOQZTL.enumerate(back, MOST_NAMED)} ${back.length === 1 ? "is" : "are"} back at work.`;
  }
  /** what a person must do for participants that stay stopped */
  get #remedies() {
    return this.#holds.flatMap(({ hold }) => hold.remedy ?? []);
  }
  #report(outcome, message, next) {
    return {
      outcome,
      message,
      next,
      app: this.#plan.app,
      ...reportHolds(this.#holds.map(({ hold }) => hold)),
      ...this.release !== void 0 && { release: this.release },
      ...this.rollback !== void 0 && { rollback: this.rollback },
      ...this.commit !== void 0 && { commit: this.commit },
      ...this.url !== void 0 && { url: this.url },
      warnings: this.#warnings,
      spans: [...this.#spans, ...this.#holds.flatMap((one) => this.#participantSpans(one))].sort(
        (a, b) => a.fromMs - b.fromMs
      )
    };
  }
  #participantSpans({ hold, fromMs: began }) {
    const bar = (name, fromMs, toMs, failed2) => ({
      name,
      section: "gate",
      fromMs: fromMs + began,
      toMs: toMs + began,
      failed: failed2
    });
    return hold.participants.flatMap((one) => {
      const end = one.resumedMs ?? hold.elapsedMs;
      const accepted = one.acceptedMs;
      const asked = bar(`${one.dyno} asked`, one.seenMs, accepted ?? end, accepted === void 0);
      if (accepted === void 0) return [asked];
      const shown2 = accepted - one.seenMs < MOMENT_MS ? [] : [asked];
      return [
        ...shown2,
        bar(`${one.dyno} draining`, accepted, one.drainedMs ?? end, one.drainedMs === void 0)
      ];
    });
  }
  #elapsedMs() {
    return this.#time.now() - this.#startedAt;
  }
};
var DEEDS = {
  "git-push": "The push",
  promote: "The promotion",
  slug: "The release of the slug",
  command: "The deploy command"
};
var STAGES = {
  preflight: "checking",
  draining: "draining",
  pushing: "pushing",
  verifying: "verifying the release",
  released: "waiting for the new release"
};

// src/deploy/deploy.ts
async function deploy(plan, around) {
  const story = new Story(plan, around.time, around.log);
  around.heroku.tellTo(story.log);
  const timeout = new AbortController();
  const timer = new AbortController();
  const signal = AbortSignal.any([around.cancel, timeout.signal]);
  around.time.sleep(plan.deployTimeoutMs, timer.signal).then(
    () => timeout.abort(outOfTime(plan)),
    () => {
    }
  );
  try {
    return await tell(plan, around, story, signal);
  } catch (error) {
    return story.failed(signal.aborted ? signal.reason : error);
  } finally {
    timer.abort();
  }
}
async function tell(plan, around, story, signal) {
  var _stack = [];
  try {
    const redis = main.__using(_stack, around.redis, true);
    if (main.asksFromHere(plan)) redis.begin(signal);
    const target = await around.group(
      "Preflight: nobody is asked for anything yet",
      () => story.span("preflight", "heroku", () => around.heroku.preflight())
    );
    signal.throwIfAborted();
    story.begins(target);
    if (target.upToDate && plan.strategy.kind === "git-push") story.deed = "slug";
    if (plan.dryRun) {
      const { rehearse } = await Promise.resolve().then(function () { return require('./rehearse.js'); });
      return await rehearse(plan, around, story, signal, target);
    }
    if (target.upToDate && plan.upToDate !== "rerelease") return nothingToDo(plan, story, target);
    const quiet = main.__using(_stack, await quieten(plan, around, story, signal, target), true);
    const release2 = await quiet.during(() => publish(plan, around, story, signal, target));
    if (release2 === void 0) return nothingReleased(plan, story);
    await quiet.released();
    story.stage = "released";
    try {
      await prove(plan, around, story, signal, target, { quiet, release: release2 });
    } catch (failure) {
      const { takeBack } = await Promise.resolve().then(function () { return require('./take-back.js'); });
      throw await takeBack(plan, around, story, signal, target, failure);
    }
    const what = story.commit === void 0 ? release2 : `${story.named} as ${release2}`;
    return story.ended(
      "deployed",
      `${[`${plan.app} runs ${what}`, quiet.deployed].filter(Boolean).join(", ")}.`
    );
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = main.__callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}
async function publish(plan, { group: group2 }, story, signal, target) {
  story.stage = "pushing";
  const [heading, bar] = DEEDS2[story.deed];
  await group2(`${heading} ${plan.app}`, () => story.span(bar, "heroku", () => target.publish(signal)));
  story.stage = "verifying";
  const release2 = await group2("Release", () => story.span("release", "heroku", () => target.verify(signal)));
  story.release = release2;
  return release2;
}
var DEEDS2 = {
  "git-push": ["Push to", "push and build"],
  promote: ["Promotion to", "promotion"],
  slug: ["Release of a slug of", "release of a slug"],
  command: ["Deploy command for", "deploy command"]
};
function nothingToDo(plan, story, { currentRelease }) {
  if (plan.upToDate === "fail") {
    throw new main.DeployError(
      "nothing-to-deploy",
      `${plan.app} already runs ${story.named}. Nobody was asked to drain, and nothing was pushed.`,
      "up-to-date: fail says that this is an error. Deploy another commit, or say up-to-date: rerelease to release the same once more."
    );
  }
  story.release = currentRelease;
  return story.ended(
    "up-to-date",
    `${plan.app} already runs ${story.named}: nobody was asked to drain, nothing was pushed.`
  );
}
function nothingReleased(plan, story) {
  return story.ended(
    "up-to-date",
    `The deploy command ended well and made no release of ${plan.app}: what ran before runs on, and the clock goes back to work.`
  );
}
function outOfTime({ deployTimeoutMs }) {
  return new main.DeployError(
    "deploy-timeout",
    `The deploy was not done within ${main.formatDuration(deployTimeoutMs)}.`,
    "Look at what took so long in the log of this step. If it is right to take so long, raise deploy-timeout."
  );
}

// src/heroku/config-var.ts
async function configVar(api, name, signal) {
  const value = (await api.configVars(signal)).get(name);
  if (value) return value;
  throw new main.DeployError(
    "preflight-failed",
    value === "" ? `The config var ${name} of ${api.appName} is empty.` : `${api.appName} has no config var ${name}.`,
    `Name the config var that holds the Redis URL with the input \`redis-config-var\` (\`heroku config --app ${api.appName}\` lists them), or pass the URL itself as \`redis-url\`.`
  );
}

// src/heroku/dynos-up.ts
var LOOK_AGAIN_MS = 2e3;
var STAYS_CRASHED_MS = 2e4;
var MOST_DYNOS = 5;
async function dynosUp(api, release2, waitMs, { log, time, signal }) {
  const version = Number(release2.slice(1));
  const began = time.now();
  const crashedSince = /* @__PURE__ */ new Map();
  for (; ; ) {
    const now = time.now();
    const last = now - began >= waitMs;
    try {
      const [formation, dynos] = [await api.formation(signal), await api.dynos(signal)];
      const ours = dynos.filter(
        (dyno) => dyno.version >= version && formation.some(({ type }) => type === dyno.type)
      );
      const missing = shortages(formation, ours);
      if (missing.length === 0) {
        log.info(
          `up on ${release2}: ${chunkR2YOQZTL.enumerate(namesOf(ours.filter(isUp)), MOST_DYNOS) || "nobody, as no dyno is to run"}`
        );
        return;
      }
      const crashed = ours.filter(({ state }) => state === "crashed");
      for (const { id } of crashed) crashedSince.set(id, crashedSince.get(id) ?? now);
      for (const id of crashedSince.keys())
        if (!crashed.some((dyno) => dyno.id === id)) crashedSince.delete(id);
      const lost = crashed.filter(({ id }) => now - (crashedSince.get(id) ?? now) >= STAYS_CRASHED_MS);
      if (lost.length > 0) throw crashes(api.appName, release2, lost);
      if (last) throw notUp(api.appName, release2, waitMs, missing, ours);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 403) {
        log.warning(`${error.message} So whether the dynos of ${release2} are up is not known`);
        return;
      }
      if (!error.passing || last) throw unseen(api.appName, release2, error);
      log.warning(`${error.message} The dynos are still waited for`);
    }
    await time.sleep(Math.min(LOOK_AGAIN_MS, Math.max(0, began + waitMs - time.now())), signal);
  }
}
function shortages(formation, ours) {
  return formation.flatMap(({ type, quantity }) => {
    const up = namesOf(ours.filter((dyno) => dyno.type === type && isUp(dyno))).length;
    return up < quantity ? [{ type, up, quantity }] : [];
  });
}
var isUp = ({ state }) => state === "up" || state === "idle";
var namesOf = (dynos) => [...new Set(dynos.map(({ name }) => name))];
function crashes(app, release2, crashed) {
  const names = namesOf(crashed);
  return new main.DeployError(
    "dynos-not-up",
    `${release2} is released, but ${chunkR2YOQZTL.enumerate(names, MOST_DYNOS)} ${names.length === 1 ? "crashes" : "crash"}.`,
    `Its own log tells why: \`heroku logs --dyno ${names[0]} --app ${app}\`.`
  );
}
function notUp(app, release2, waitMs, missing, ours) {
  const each = missing.map(({ type, up, quantity }) => {
    const states = ours.filter((dyno) => dyno.type === type && !isUp(dyno)).map(({ name, state }) => `${name} is ${state}`);
    return `${up} of ${quantity} ${type}${states.length > 0 ? ` (${chunkR2YOQZTL.enumerate(states, MOST_DYNOS)})` : ""}`;
  });
  return new main.DeployError(
    "dynos-not-up",
    `${release2} is released, but ${main.formatDuration(waitMs)} later not all of its dynos are up: ${chunkR2YOQZTL.enumerate(each)}.`,
    `Look at \`heroku ps --app ${app}\` and \`heroku logs --app ${app}\`. If they are only slow to start, raise wait-for-dynos.`
  );
}
function unseen(app, release2, cause) {
  return new main.DeployError(
    "failed",
    `${release2} is released, but whether its dynos are up can't be found out: ${cause.message}`,
    `Look at \`heroku ps --app ${app}\`. ${cause.next}`,
    { cause }
  );
}

// src/heroku/roll-back.ts
async function rollBack(before, ours, collaborators) {
  const { app, api, currentRelease, currentReleaseId } = before;
  if (currentRelease === void 0 || currentReleaseId === void 0) {
    throw new main.DeployError(
      "failed",
      `${app} ran no release before, so there is nothing to go back to.`,
      `Look at what runs now: \`heroku ps --app ${app}\`.`
    );
  }
  const { log, signal } = collaborators;
  const releases = await api.releases(RELEASES_LOOKED_AT, signal);
  const current = releases.find((one) => one.current);
  assertNobodyElse(app, releases, current, ours, log);
  const making = {
    description: `Rollback to ${currentRelease}`,
    newestVersion: releases[0]?.version ?? 0,
    isOurs: ({ description }) => description === making.description,
    make: () => api.rollBack(currentReleaseId, signal)
  };
  const made = await release(api, making, collaborators);
  return await follow(
    {
      ...{ app, api },
      what: `the rollback to ${currentRelease}`,
      deed: `The request to go back to ${currentRelease}`,
      ...current && { currentRelease: versionName(current.version) },
      remedy: `If its cause has passed, \`heroku releases:retry --app ${app}\` runs it again; otherwise only a commit that mends the app helps.`,
      find: async (all) => all.find(({ id }) => id === made)
    },
    collaborators
  );
}
function assertNobodyElse(app, releases, current, ours, log) {
  const taken = releases.find(({ version }) => versionName(version) === ours);
  if (taken === void 0 || current === void 0 || current.version <= taken.version) return;
  const newer = `${versionName(current.version)} (${current.description})`;
  if (current.slugId === taken.slugId) {
    log.warning(`${newer} has come after ${ours}: what it changed goes back as well`);
    return;
  }
  throw new main.DeployError(
    "busy",
    `Somebody else has released ${newer} since, and that is left as it is.`,
    `Look at \`heroku releases --app ${app}\`.`
  );
}

// src/heroku/running-build.ts
var LOOK_AGAIN_MS2 = 5e3;
var TELL_AGAIN_MS = 6e4;
var BUILDS_LOOKED_AT = 10;
var RUNS_AT_MOST_MS = 20 * 6e4;
function runningBuild(builds, now) {
  const running = builds.filter(
    ({ status, createdAt }) => status === "pending" && createdAt !== void 0 && now - createdAt <= RUNS_AT_MOST_MS
  );
  return running.sort((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0))[0];
}
async function awaitBuild(api, build, {
  log,
  time,
  signal,
  date = Date.now
}) {
  const began = time.now();
  const today = date();
  const now = () => today + (time.now() - began);
  let waited;
  let toldAt = began;
  for (let running = build; running; ) {
    if (running.id !== waited?.id) {
      log.info(`${underWay(api.appName, running, now())}: waiting for it`);
      toldAt = time.now();
    } else if (time.now() - toldAt >= TELL_AGAIN_MS) {
      log.info(`Heroku is still building ${nameOf(running)} for ${api.appName} (${ageOf(running, now())})`);
      toldAt = time.now();
    }
    waited = running;
    await time.sleep(LOOK_AGAIN_MS2, signal);
    running = runningBuild(await api.builds(BUILDS_LOOKED_AT, signal), now());
  }
  log.info(
    `Heroku builds nothing for ${api.appName} any more (waited for ${main.formatDuration(time.now() - began)})`
  );
}
function runningBuildError(app, build, now) {
  return new main.DeployError(
    "preflight-failed",
    `${underWay(app, build, now)}, and of two builds at a time the one that ends last is what runs.`,
    "Run the job again when it has ended (the app's Activity tab in Heroku's dashboard), or set `on-running-build: wait`. A `concurrency` group in the workflow keeps deploys of one app from meeting."
  );
}
var underWay = (app, build, now) => `Heroku is building ${nameOf(build)} for ${app} already (${ageOf(build, now)})`;
function nameOf({ id, commit }) {
  if (commit === void 0 || commit.trim() === "") return `build ${plain(id, 40)}`;
  return /^[0-9a-f]{40,64}$/.test(commit) ? short(commit) : plain(commit, 40);
}
var ageOf = ({ createdAt = 0 }, now) => `began ${main.formatDuration(now - createdAt)} ago`;

// src/heroku/release-phase.ts
async function assertReleasePhase(git, commit) {
  const procfile = await git.local("show", `${commit}:Procfile`);
  if (procfile.code === 0 && procfile.stdout.some((line) => /^release:\s*\S/.test(line))) return;
  if ((await git.local("cat-file", "-e", `${commit}:heroku.yml`)).code === 0) return;
  throw new main.DeployError(
    "preflight-failed",
    procfile.code === 0 ? `The Procfile of ${short(commit)} declares no release phase, and drain-at: release-phase has that do the drain.` : `${short(commit)} has no Procfile, and drain-at: release-phase has the release phase of one do the drain.`,
    "Add a line to it, such as `release: deploy-gate drain --hold 10m && python manage.py migrate`, or leave drain-at out to drain before the push."
  );
}

// src/heroku/backed-off.ts
var WAITS_MS = [1e4, 2e4, 4e4];
async function backedOff(ask2, {
  app,
  what,
  again,
  tooMany: tooMany2
}, { log, time, signal, random = Math.random }) {
  let answer = await ask2();
  for (const [i, ms] of WAITS_MS.slice(0, again).entries()) {
    if (!tooMany2(answer)) break;
    const waitMs = Math.round(ms * (1 + random() / 2));
    log.info(
      `Heroku has had too many git requests for ${app}; ${what} again in ${main.formatDuration(waitMs)} (${i + 2} of ${again + 1})`
    );
    await time.sleep(waitMs, signal);
    answer = await ask2();
  }
  return answer;
}

// src/heroku/git-trouble.ts
var SIGNS = [
  [/concurrent builds limit/i, "too-many-builds"],
  [/too many requests|requested URL returned error: 429/i, "too-many-requests"],
  [/No such app as |repository .{0,300} not found/i, "no-such-app"],
  [
    /Authentication failed|could not read (Username|Password)|requested URL returned error: 401|Invalid credentials/i,
    "credentials"
  ],
  [/requested URL returned error: 403/i, "forbidden"],
  [/requested URL returned error: 5\d\d/i, "unwell"],
  [/SSL certificate|certificate verif|certificate problem|CAfile/i, "certificate"],
  [
    /Could not resolve|Failed to connect|Couldn't connect|Connection (refused|reset|timed out)|Operation timed out|Empty reply|unable to access|hung up unexpectedly|RPC failed|early EOF|unexpected disconnect/i,
    "network"
  ]
];
function troubleOf(lines) {
  return SIGNS.find(([sign]) => lines.some((line) => sign.test(line)))?.[1] ?? "other";
}
function adviceFor(trouble, app, remoteUrl) {
  return ADVICE[trouble](app, remoteUrl);
}
var ADVICE = {
  credentials: (app) => ({
    message: `Heroku's git does not accept the token in \`heroku-api-key\` for ${app}.`,
    next: `Make a new token with \`heroku authorizations:create\`, store it as a repository secret and pass it as \`heroku-api-key\`. The account that owns it needs the permission to deploy the app: \`heroku access:add <email> --app ${app}\`.`
  }),
  forbidden: (app) => ({
    message: `The token in \`heroku-api-key\` may not use the git repository of ${app}.`,
    next: `The account that owns the token needs the permission to deploy: \`heroku access:add <email> --app ${app}\`, in a team with the permission deploy, and the token the scope write, write-protected or global.`
  }),
  "no-such-app": (app, remoteUrl) => ({
    message: `Heroku's git knows no app of the name ${app} that this token can see (${remoteUrl}).`,
    next: "Check the spelling of `heroku-app`, and that the account that owns the token has access to the app."
  }),
  "too-many-requests": (app) => ({
    message: `Heroku has had too many git requests for ${app}.`,
    next: "Heroku takes 75 git requests an hour for each user and app. Wait some minutes and run the job again; deploy less often."
  }),
  "too-many-builds": () => ({
    message: "The Heroku account has reached its limit of concurrent builds, and nothing was built.",
    next: "Wait until the other builds have ended (`heroku builds` of the account’s other apps) and run the job again. A `concurrency` group in the workflow keeps deploys from meeting."
  }),
  certificate: (_app, remoteUrl) => ({
    message: `The certificate of ${remoteUrl} can't be verified on this runner.`,
    next: "Install the runner's CA certificates (the package ca-certificates), or name those of your proxy with GIT_SSL_CAINFO."
  }),
  unwell: (_app, remoteUrl) => ({
    message: `Heroku's git at ${remoteUrl} answers with an error of its own.`,
    next: "Look at https://status.heroku.com and run the job again when Heroku is well."
  }),
  network: (_app, remoteUrl) => ({
    message: `Heroku's git at ${remoteUrl} could not be reached.`,
    next: "Check that the runner can reach that address (a firewall, HTTPS_PROXY), look at https://status.heroku.com, and run the job again."
  }),
  other: (_app, remoteUrl) => ({
    message: `Git could not talk to ${remoteUrl}.`,
    next: "Read the lines of git above; https://status.heroku.com tells whether Heroku has a problem."
  })
};

// src/heroku/remote.ts
var LS_REMOTE_LIMIT_MS = 6e4;
var NotLetInError = class extends main.DeployError {
};
async function remoteHead(git, app, branch, around) {
  return headsIn(await listed(git, app, [branch], around), git, app).get(branch);
}
async function remoteHeads(git, app, around) {
  const branches = ["main", "master"];
  const answer = await backedOff(
    () => listed(git, app, branches, around),
    {
      app,
      what: "asking",
      again: 3,
      tooMany: ({ code, stderr }) => code !== 0 && troubleOf(stderr) === "too-many-requests"
    },
    around
  );
  const heads = headsIn(answer, git, app);
  return new Map(
    branches.flatMap((branch) => {
      const head = heads.get(branch);
      return head ? [[branch, head]] : [];
    })
  );
}
function chooseBranch(heads, wanted) {
  if (wanted !== "auto") return wanted;
  return !heads.has("main") && heads.has("master") ? "master" : "main";
}
function noteOnBranch(app, heads, wanted) {
  const chosen = chooseBranch(heads, wanted);
  const other = chosen === "main" ? "master" : "main";
  const otherHead = heads.get(other);
  if (otherHead === void 0) return void 0;
  if (wanted === "auto") {
    return `Heroku has both main and master of ${app} (master at ${short(otherHead)}): pushing to main. Set \`branch\` if it is deployed from master.`;
  }
  if (heads.has(chosen)) return void 0;
  return `Heroku has only ${other} of ${app} (at ${short(otherHead)}): this is the first push to ${chosen}. ${other} stays there until \`heroku repo:reset --app ${app}\` (plugin heroku-repo) empties Heroku's repository.`;
}
async function listed(git, app, branches, { time, signal }) {
  const names = branches.map((branch) => `refs/heads/${branch}`);
  try {
    return await withinLimit(
      LS_REMOTE_LIMIT_MS,
      { time, signal },
      (limit) => git.heroku(["ls-remote", "--end-of-options", git.remoteUrl, ...names], limit)
    );
  } catch (error) {
    if (!(error instanceof TimeLimitError)) throw error;
    const { next } = adviceFor("network", app, git.remoteUrl);
    throw new main.DeployError("preflight-failed", `${git.remoteUrl} gave no answer within 60 s.`, next);
  }
}
function headsIn(answer, git, app) {
  if (answer.code === 0) {
    return new Map(
      answer.stdout.flatMap((line) => {
        const [, commit, branch] = /^([0-9a-f]{40,64})\trefs\/heads\/([^/]+)$/.exec(line) ?? [];
        return commit && branch ? [[branch, commit]] : [];
      })
    );
  }
  const trouble = troubleOf(answer.stderr);
  const { message, next } = adviceFor(trouble, app, git.remoteUrl);
  const said = answer.stderr.findLast((line) => /^(fatal|error|remote):/.test(line));
  const Fault = trouble === "credentials" || trouble === "forbidden" ? NotLetInError : main.DeployError;
  throw new Fault("preflight-failed", said ? `${message} Git says: "${said}"` : message, next);
}
async function ancestry(git, head, commit) {
  if (head === void 0) return "fast-forward";
  const known = await git.local("cat-file", "-e", `${head}^{commit}`);
  if (known.code !== 0) return "unknown-head";
  const related = await git.local("merge-base", "--is-ancestor", head, commit);
  return related.code === 0 ? "fast-forward" : "diverged";
}

// src/heroku/plumbing.ts
function createPlumbing(git, task, signal) {
  return async (args, work) => {
    const { code, stdout, stderr } = await git.plumbing(args, signal, work);
    if (code === 0) return stdout;
    const said = stderr.findLast((line) => /^(fatal|error):/.test(line)) ?? `exit code ${code}`;
    throw new main.DeployError(
      "preflight-failed",
      `Git can't ${task}: \`git ${args.find((arg) => /^[a-z]+(-[a-z]+)*$/.test(arg))}\` says ${main.quote(said)}.`,
      "Run `git fsck` in the checkout to see whether something is missing there. Of a partial clone everything has to be fetched: leave `filter` of `actions/checkout` out."
    );
  };
}

// src/heroku/commit-copy.ts
var READ_AT_ONCE = 500;
var PERSON = ["AUTHOR", "COMMITTER"];
var FORMAT = "format:%H%n%an%n%ae%n%aD%n%cn%n%ce%n%cD%n%B";
function createCommitCopier(run, expected) {
  const originals = /* @__PURE__ */ new Map();
  const places = new Map(expected.map((commit, i) => [commit, i]));
  async function read(commit) {
    const place = places.get(commit);
    const asked = place === void 0 ? [commit] : expected.slice(place, place + READ_AT_ONCE);
    const options = ["--no-show-signature", "--encoding=UTF-8", "-z", `--format=${FORMAT}`];
    const args = ["log", "--no-walk=unsorted", "--stdin", ...options];
    const told = await run(args, { input: `${asked.join("\n")}
` });
    for (const record of cut(told, 0)) {
      const [sha = Buffer.of(), ...fields] = cut(record, 10, 8);
      const message = fields.pop() ?? Buffer.of();
      const env = PERSON.flatMap((person, i) => {
        const [name = "", email = "", date = ""] = fields.slice(3 * i, 3 * i + 3).map(asRead);
        return [
          [`GIT_${person}_NAME`, name],
          [`GIT_${person}_EMAIL`, email],
          [`GIT_${person}_DATE`, date]
        ];
      });
      originals.set(sha.toString(), { env: Object.fromEntries(env), message });
    }
    const original = originals.get(commit);
    if (original) return original;
    throw new Error(`git log has not told of ${commit}`);
  }
  return {
    async copy(commit, tree, parents) {
      const { env, message } = originals.get(commit) ?? await read(commit);
      originals.delete(commit);
      const utf8 = ["-c", "i18n.commitEncoding=UTF-8"];
      const args = [...utf8, "commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent])];
      return (await run(args, { input: message, env })).toString().trim();
    }
  };
}
var asRead = (line) => line.toString().replace(/\\(.?)/g, "$1");
function cut(bytes, separator, most = Number.POSITIVE_INFINITY) {
  const parts = [];
  let from = 0;
  while (parts.length < most - 1) {
    const to = bytes.indexOf(separator, from);
    if (to === -1) break;
    parts.push(bytes.subarray(from, to));
    from = to + 1;
  }
  parts.push(bytes.subarray(from));
  return parts;
}

// src/heroku/subtree-history.ts
async function splitHistory(git, { commit, folder }, { log, signal }) {
  const run = createPlumbing(git, `give ${folder} a history of its own`, signal);
  const became = await priorSplits(git, run, { commit, folder }, { log, signal });
  const history = neededOf(await historyOf(run, commit), commit, became);
  const folders = await treesOf(
    run,
    history.map(([each]) => `${each}:${folder}`)
  );
  const treeIn = (each) => folders.get(`${each}:${folder}`);
  const expected = history.flatMap(
    ([each, first, ...others]) => treeIn(each) && (others.length > 0 || treeIn(first) !== treeIn(each)) ? [each] : []
  );
  const trees = /* @__PURE__ */ new Map();
  const splitting = {
    run,
    copier: createCommitCopier(run, expected),
    async treeOf(each) {
      const tree = trees.get(each) ?? (await run(["rev-parse", "--verify", `${each}^{tree}`])).toString().trim();
      trees.set(each, tree);
      return tree;
    }
  };
  for (const [each, ...parents] of history) {
    const newParents = parents.flatMap((parent) => became.get(parent) ?? []);
    const tree = treeIn(each);
    if (tree !== void 0) {
      const made = await copyOrSkip(each, tree, newParents, splitting);
      trees.set(made, tree);
      became.set(each, made);
    } else if (newParents.length > 0) {
      became.set(each, each);
    }
  }
  const split = became.get(commit);
  if (split !== void 0) return split;
  throw new Error(`${commit} is not the full SHA of a commit that has ${folder}`);
}
async function historyOf(run, commit) {
  const listed2 = await run(["rev-list", "--topo-order", "--reverse", "--parents", commit]);
  const lines = listed2.toString().trimEnd().split("\n");
  return lines.map((line) => line.split(" "));
}
function neededOf(history, tip, became) {
  const needed = /* @__PURE__ */ new Set([tip]);
  const kept = history.toReversed().filter(([commit, ...parents]) => {
    if (!needed.has(commit) || became.has(commit)) return false;
    for (const parent of parents) needed.add(parent);
    return true;
  });
  return kept.reverse();
}
async function treesOf(run, names) {
  const told = await run(["cat-file", "--batch-check=%(objecttype) %(objectname)"], {
    input: names.map((name) => `${name}
`).join("")
  });
  const lines = told.toString().split("\n");
  return new Map(
    names.flatMap((name, i) => {
      const [, tree] = /^tree ([0-9a-f]{40,64})$/.exec(lines[i] ?? "") ?? [];
      return tree ? [[name, tree]] : [];
    })
  );
}
async function priorSplits(git, run, { commit, folder }, { log, signal }) {
  const became = /* @__PURE__ */ new Map();
  const told = await run([
    "log",
    ...["--basic-regexp", "--grep=^git-subtree-dir: "],
    ...["--no-show-signature", "--encoding=UTF-8", "-z", "--format=format:%H%n%b"],
    commit
  ]);
  for (const record of told.toString().split("\0")) {
    const [joint = "", ...lines] = record.split("\n");
    const values = (key) => lines.flatMap((line) => line.startsWith(`${key}: `) ? [line.slice(key.length + 2).trim()] : []);
    if (!values("git-subtree-dir").some((path) => path.replace(/\/+$/, "") === folder)) continue;
    const main = values("git-subtree-mainline").at(-1);
    const named = values("git-subtree-split").at(-1);
    if (!named || !/^[0-9a-f]{4,64}$/.test(named)) continue;
    const found = await git.plumbing(["rev-parse", "--verify", "--quiet", `${named}^{commit}`], signal);
    if (found.code !== 0) {
      log.info(
        `${short(joint)} has put ${short(named)} into ${folder}, and that is not in the checkout: the folder's history begins there`
      );
      continue;
    }
    const split = found.stdout.toString().trim();
    for (const each of main ? [main, split] : [joint]) if (!became.has(each)) became.set(each, split);
  }
  return became;
}
async function copyOrSkip(commit, tree, newParents, { run, copier, treeOf }) {
  let same;
  let other;
  let needed = false;
  for (const parent of newParents) {
    if (await treeOf(parent) !== tree) other = parent;
    else if (same === void 0) same = parent;
    else if (await within(run, same, parent)) same = parent;
    else if (!await within(run, parent, same)) needed = true;
  }
  if (same !== void 0 && other !== void 0 && !needed) {
    needed = Number(await run(["rev-list", "--count", `${same}..${other}`])) > 0;
  }
  if (same !== void 0 && !needed) return same;
  return copier.copy(commit, tree, [...new Set(newParents)]);
}
async function within(run, one, two) {
  return (await run(["rev-list", "--max-count=1", one, `^${two}`])).length === 0;
}

// src/heroku/subtree.ts
var NAMED = 10;
async function splitSubtree(git, place, { log, signal }) {
  const { commit, appDir } = place;
  const run = createPlumbing(git, `read the folder ${main.quote(appDir)}`, signal);
  await assertFolderIn(run, commit, appDir);
  const split = await splitHistory(git, { commit, folder: appDir }, { log, signal });
  const count = Number(await run(["rev-list", "--count", split]));
  log.info(
    `${appDir} of ${short(commit)} is ${short(split)} on its own (${count} ${count === 1 ? "commit" : "commits"})`
  );
  return split;
}
async function assertFolderIn(run, commit, appDir) {
  const parts = appDir.split("/");
  const given = `The input \`app-dir\` is ${main.quote(appDir)}`;
  if (parts.some((part) => ["", ".", ".."].includes(part)) || /[\0\r\n]/.test(appDir)) {
    throw new main.DeployError(
      "preflight-failed",
      `${given}, which is no path of a folder in the repository.`,
      "Give the path from the top of the repository, such as `services/shop`, without `.` and `..` in it."
    );
  }
  let parent = "";
  for (const part of parts) {
    const entries = await entriesOf(run, commit, parent);
    const path = parent ? `${parent}/${part}` : part;
    const entry = entries.find(({ name }) => name === path);
    if (!entry) {
      const where = parent ? `${main.quote(parent)} of ` : "";
      throw new main.DeployError(
        "preflight-failed",
        `${given}, and ${where}${short(commit)} has no ${main.quote(part)}. ${foldersOf(entries)}`,
        "Give the path of the folder from the top of the repository, in the case in which it is written there. A folder that is made by a step before this one has to be committed: what is deployed is a commit."
      );
    }
    if (entry.mode !== "040000") throw notAFolder(given, path, entry.mode, commit);
    parent = path;
  }
}
async function entriesOf(run, commit, folder) {
  const listed2 = await run(["ls-tree", "-z", "--full-tree", commit, ...folder ? ["--", `${folder}/`] : []]);
  return listed2.toString().split("\0").flatMap((line) => {
    const [, mode, name] = /^(\d{6}) \w+ [0-9a-f]+\t(.+)$/s.exec(line) ?? [];
    return mode && name ? [{ mode, name }] : [];
  });
}
function foldersOf(entries) {
  const folders = entries.filter(({ mode }) => mode === "040000").map(({ name }) => main.quote(name));
  if (folders.length === 0) return "There is no folder at all.";
  const more = folders.length - NAMED;
  return `There are the folders ${folders.slice(0, NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}.`;
}
function notAFolder(given, path, mode, commit) {
  const at = `${given}, and ${main.quote(path)} of ${short(commit)} is`;
  if (mode === "160000") {
    return new main.DeployError(
      "preflight-failed",
      `${at} a submodule: its files are in a repository of their own.`,
      "Deploy from a checkout of that repository, without `app-dir`. The step's folder can be another one than that of this repository: `repository` and `path` of `actions/checkout` make one."
    );
  }
  const what = mode === "120000" ? "a symbolic link" : "a file";
  return new main.DeployError(
    "preflight-failed",
    `${at} ${what}, not a folder.`,
    "Give the folder that holds the app, the one with its Procfile."
  );
}

// src/heroku/up-to-date.ts
async function assertRunning(api, releases, commit, signal) {
  const reader = createReleaseReader(api);
  const current = releases.find((release2) => release2.current);
  const running = current && await reader.runs(current, commit, signal);
  if (running) return;
  const app = api.appName;
  const has = `Heroku's git already has ${short(commit)}, so there is nothing to push, but ${app} does not run it`;
  const instead = current ? `${versionName(current.version)} is still what runs` : "no release is current";
  for (const release2 of releases) {
    if (running === void 0 && release2.version <= (current?.version ?? 0)) break;
    if (!await reader.runs(release2, commit, signal)) continue;
    const version = versionName(release2.version);
    if (release2.status === "failed") {
      throw new main.DeployError(
        "release-failed",
        `${has}: its release ${version} failed; ${instead}.`,
        `See why with \`heroku releases:output ${version} --app ${app}\`. Then either push a new commit with the fix, or, if the cause lay outside the code, run this job again with \`up-to-date: rerelease\`: it releases what was built once more, under the gate. (\`heroku releases:retry --app ${app}\` does so without a drain.)`
      );
    }
    if (release2.status === "pending") {
      throw new main.DeployError(
        "preflight-failed",
        `${has} yet: its release ${version} is still in its release phase; ${instead}.`,
        `Another deploy is at it. Follow it with \`heroku releases:output ${version} --app ${app}\`, and run this job again when it has ended. A \`concurrency\` group in the workflow keeps deploys from meeting.`
      );
    }
    break;
  }
  if (running === void 0) return;
  throw new main.DeployError(
    "preflight-failed",
    `${has}: ${instead}, and it is another commit (${current?.description || "no description"}).`,
    `Probably the app was rolled back after that commit was deployed. \`heroku releases --app ${app}\` lists the releases: to release ${short(commit)} again, run this job with \`up-to-date: rerelease\`, which drains the clock before; \`heroku rollback <version> --app ${app}\` goes back to it without. Or push a new commit (\`git commit --allow-empty\` makes one without a change).`
  );
}

// src/heroku/preflight.ts
async function preflight(plan, api, collaborators) {
  const { signal } = collaborators;
  await assertFolder(plan.directory);
  const git = await createGit(plan, collaborators);
  const [{ releases, ...standing }, newestBuild, { commit, what }, heads] = await together$1(signal, [
    (linked) => readStanding(api, { ...collaborators, signal: linked }),
    (linked) => newestBuildOf(api, linked),
    (linked) => commitOf(git, plan, { ...collaborators, signal: linked }),
    (linked) => headsOf(git, plan, { ...collaborators, signal: linked })
  ]);
  const branch = chooseBranch(heads, plan.branch);
  const note = noteOnBranch(plan.app, heads, plan.branch);
  if (note !== void 0) collaborators.log.info(note);
  const head = heads.get(branch);
  const upToDate = head === commit;
  let slug;
  if (!upToDate) await assertPushable(git, { ...plan, branch }, head, commit, collaborators);
  else if (plan.upToDate === "rerelease") slug = await slugOf(commit, api, { releases }, signal);
  else await assertRunning(api, releases, commit, signal);
  if (!upToDate && plan.drainAt === "release-phase") await assertReleasePhase(git, commit);
  signal.throwIfAborted();
  return {
    ...standing,
    ...{ branch, commit, what, upToDate, git },
    forcePush: plan.forcePush,
    ...head && { head },
    ...newestBuild && { newestBuild },
    ...slug !== void 0 && { slug }
  };
}
async function headsOf(git, { app, dryRun }, collaborators) {
  try {
    return await remoteHeads(git, app, collaborators);
  } catch (error) {
    if (!dryRun || !(error instanceof NotLetInError)) throw error;
    collaborators.log.warning(
      `${error.message} A deploy with this token would fail here; whether there is anything to push is not known. ${error.next}`
    );
    return /* @__PURE__ */ new Map();
  }
}
async function commitOf(git, plan, collaborators) {
  const { ref, appDir, directory } = plan;
  const commit = await resolveCommit(git, plan, collaborators);
  if (appDir === void 0) return { commit, what: `${ref} is ${short(commit)}` };
  const split = await splitSubtree(git, { commit, appDir, directory }, collaborators);
  return { commit: split, what: `${appDir} of ${ref} (${short(commit)}) is ${short(split)}` };
}
async function newestBuildOf(api, signal) {
  try {
    const build = await api.newestBuild(signal);
    return build ? { id: build.id } : {};
  } catch (error) {
    if (error instanceof ApiError) return void 0;
    throw error;
  }
}
async function assertPushable(git, plan, head, commit, { log }) {
  const related = await ancestry(git, head, commit);
  if (related === "fast-forward" || head === void 0) return;
  const there = `${plan.branch} of ${plan.app} at Heroku is at ${short(head)}`;
  const why = related === "diverged" ? `which is not an ancestor of ${short(commit)}` : `a commit that this checkout doesn't have, so ${short(commit)} does not build on it`;
  if (plan.forcePush) {
    log.warning(`${there}, ${why}: it will be replaced, as \`force-push: true\` asks for`);
    return;
  }
  throw new main.DeployError(
    "preflight-failed",
    `Pushing ${short(commit)} would drop commits: ${there}, ${why}.`,
    `If what is at Heroku is meant to be replaced, set \`force-push: true\`. Otherwise merge it first: \`git fetch ${git.remoteUrl} ${plan.branch}\` and \`git merge FETCH_HEAD\`. If this commit is simply older than what runs (a job that was run again), deploy the newest commit.`
  );
}

// src/heroku/classify.ts
var REFUSED_BEFORE = [
  "credentials",
  "forbidden",
  "no-such-app",
  "too-many-requests",
  "certificate"
];
var BROKE_OFF = /RPC failed|hung up unexpectedly|unexpected disconnect|early EOF/i;
var THROTTLED = /RPC failed; HTTP 429\b/;
var BUILD_LINE = /^remote: +-{3,5}> /;
var BUILT = /^remote: +-{3,5}> |failed to compile|Push rejected, |Build failed/i;
var STILL_RUNS = "Nothing was released: what ran before still runs.";
function classify(result, attempted) {
  const line = refLine(result.stdout, attempted.branch);
  const said = result.stderr.filter((text) => !text.startsWith("error: failed to push some refs"));
  if (line?.flag === "!") return rejected(line.summary, said, attempted);
  if (result.code === 0 && line?.flag === "=") return { kind: "up-to-date" };
  if (result.code === 0 && line) return { kind: "pushed" };
  const throttled = said.find((text) => THROTTLED.test(text));
  const begun = line !== void 0 || said.some((text) => text.startsWith("remote:"));
  if (throttled && !begun) return tooMany(throttled, attempted);
  const reason = said.findLast((text) => /^(error|fatal):/.test(text)) ?? ended(result.code);
  if (line || said.some((text) => BROKE_OFF.test(text))) return { kind: "unknown", reason };
  const trouble = troubleOf(said);
  const atFirst = said.some((text) => text.includes("unable to access"));
  if (!REFUSED_BEFORE.includes(trouble) && !atFirst) return { kind: "unknown", reason };
  if (trouble === "too-many-requests" && atFirst) return tooMany(reason, attempted);
  return refusedBefore(trouble, reason, attempted);
}
function refusedBefore(trouble, reason, { app, remoteUrl }) {
  const { message, next } = adviceFor(trouble, app, remoteUrl);
  return failed("push-failed", `${message} Nothing was pushed. Git says: "${reason}"`, next);
}
var tooMany = (reason, attempted) => ({
  ...refusedBefore("too-many-requests", reason, attempted),
  tooMany: true
});
var ended = (code) => code === null ? "git was ended from outside" : `git ended with exit code ${code} and without a word on the branch`;
function refLine(lines, branch) {
  for (const line of lines) {
    const [, flag, to, summary] = /^([ +*=!-])\t[^\t]*:([^\t:]*)\t(.*)$/.exec(line) ?? [];
    if (flag && summary !== void 0 && to === `refs/heads/${branch}`) return { flag, summary };
  }
  return void 0;
}
function rejected(summary, said, attempted) {
  const { app, branch, commit, remoteUrl } = attempted;
  const push2 = `The push of ${short(commit)} to ${branch} of ${app}`;
  if (summary.startsWith("[remote failure]")) return { kind: "unknown", reason: summary };
  if (/stale info/.test(summary)) {
    return failed(
      "push-failed",
      `${push2} was refused: somebody else has pushed since this deploy looked, and a forced push replaces only what it has seen.`,
      "See what is there now (`heroku releases`), and run the job again if it is still meant to be replaced. A `concurrency` group in the workflow keeps deploys from meeting."
    );
  }
  if (/non-fast-forward|fetch first|needs force/.test(summary)) {
    return failed(
      "push-failed",
      `${push2} was refused: Heroku has a commit there that this one doesn't build on. Somebody has pushed since this deploy looked.`,
      "Merge what is at Heroku, or set `force-push: true` if it is meant to be replaced. A `concurrency` group in the workflow keeps deploys from meeting."
    );
  }
  if (/shallow/.test(summary)) {
    return failed(
      "push-failed",
      `${push2} was refused: the checkout is a shallow clone.`,
      "Set `fetch-depth: 0` on `actions/checkout`."
    );
  }
  const remark = remarkOf(said);
  const quote2 = remark ? ` Heroku says: "${remark}"` : ` Git says: "${summary}"`;
  const trouble = troubleOf(said);
  const began = said.some((text) => BUILD_LINE.test(text));
  if (!began && (trouble === "too-many-builds" || trouble === "too-many-requests")) {
    const { message, next } = adviceFor(trouble, app, remoteUrl);
    const refused = failed("push-failed", `${message}${quote2}`, next);
    return trouble === "too-many-requests" ? { ...refused, tooMany: true } : refused;
  }
  if (/hook declined/.test(summary) && said.some((text) => BUILT.test(text))) {
    return failed(
      "build-failed",
      `The build of ${short(commit)} for ${app} failed.${quote2}`,
      `Read the build's lines in the log of this step, from the first error on, and push a commit that mends it. ${STILL_RUNS}`
    );
  }
  if (/hook declined/.test(summary)) {
    return failed(
      "push-failed",
      `${push2} was refused before a build began.${quote2}`,
      `Read Heroku's lines in the log of this step; https://status.heroku.com tells whether Heroku has a problem. ${STILL_RUNS}`
    );
  }
  return failed(
    "push-failed",
    `${push2} was refused.${quote2}`,
    `Another push may have been at work at the same time: look at \`heroku releases --app ${app}\` and run the job again. ${STILL_RUNS}`
  );
}
function remarkOf(said) {
  const marked = said.flatMap((line) => /^remote: +!\s+(\S.*)/.exec(line)?.[1] ?? []);
  return marked.findLast((remark) => !/^Push (rejected to \S+|failed)$/.test(remark.replace(/\.$/, ""))) ?? marked.at(-1);
}
function failed(outcome, message, next) {
  return { kind: "failed", error: new main.DeployError(outcome, message, next) };
}

// src/heroku/settle.ts
var LOOK_AGAIN_MS3 = 5e3;
var NO_SIGN_MS = 6e4;
var BUILDING_MS = 20 * 6e4;
async function settle(target, reason, collaborators) {
  const { log, time, signal } = collaborators;
  const { app, commit } = target;
  log.warning(`The push broke off (${reason}); asking Heroku what became of it`);
  const reader = createReleaseReader(target.api);
  const began = time.now();
  let limitMs = NO_SIGN_MS;
  let first = true;
  let building = false;
  let trouble;
  for (; ; ) {
    const last = time.now() - began >= limitMs;
    try {
      const sign = await lookFor(target, reader, first || last, collaborators);
      if (sign === "arrived") {
        log.info(`${short(commit)} has arrived at Heroku all the same`);
        return;
      }
      if (sign === "build" && !building) {
        building = true;
        limitMs = BUILDING_MS;
        log.info(`Heroku is still building ${short(commit)}; waiting for it`);
      }
      if (sign === "built" && building) {
        building = false;
        limitMs = time.now() - began + NO_SIGN_MS;
      }
      trouble = void 0;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof main.DeployError) || error.outcome === "build-failed") throw error;
      trouble = error;
    }
    if (last) break;
    first = false;
    await time.sleep(LOOK_AGAIN_MS3, signal);
  }
  const waited = main.formatDuration(time.now() - began);
  const asked = trouble ? `and what became of it can't be found out: ${trouble.message}` : `and Heroku shows no sign of ${short(commit)} after ${waited}.`;
  throw new main.DeployError(
    "push-failed",
    `The push to ${app} broke off (git says: "${reason}"), ${asked}`,
    `Look at \`heroku releases --app ${app}\` before you run the job again: a build may still be under way. If the commit has arrived by then, the next run says so and pushes nothing.`,
    { cause: trouble }
  );
}
async function lookFor(target, reader, askGit, collaborators) {
  const { api, app, branch, commit, git, newestVersion } = target;
  const { signal } = collaborators;
  const sign = await buildSign(target, signal);
  if (askGit || sign === "built") {
    const head = await remoteHead(git, app, branch, collaborators);
    if (head === commit) return "arrived";
  }
  const releases = await api.releases(RELEASES_LOOKED_AT, signal);
  const release2 = await findRelease(reader, releases, { commit, newerThan: newestVersion }, signal);
  return release2 ? "arrived" : sign;
}
async function buildSign(target, signal) {
  const { api, app, commit, newestBuild } = target;
  if (newestBuild === void 0) return "none";
  const build = await api.newestBuild(signal);
  if (!build || build.id === newestBuild.id) return "none";
  if (build.commit !== void 0 && build.commit !== commit) return "none";
  if (build.status === "pending") return "build";
  if (build.status === "succeeded") return "built";
  throw new main.DeployError(
    "build-failed",
    `The connection to Heroku broke off during the push, and the build of ${short(commit)} for ${app} failed.`,
    `Heroku keeps the build's lines: see the Activity tab of ${app} in Heroku's dashboard. Push a commit that mends it. Nothing was released: what ran before still runs.`
  );
}

// src/heroku/push.ts
var RELEASE_PHASE = /^remote: +Running release command\.{3}/;
async function push(target, collaborators) {
  const { app, branch, commit, head, forcePush, git } = target;
  const { log, signal } = collaborators;
  const name = `refs/heads/${branch}`;
  let phase = false;
  log.info(`Pushing ${short(commit)} to ${branch} of ${app}`);
  const attempt = async () => {
    const result = await git.heroku(
      [
        "push",
        "--porcelain",
        // Settings of the checkout or the machine that are not meant for a deploy.
        ...["--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no"],
        ...forcePush ? [`--force-with-lease=${name}:${head ?? ""}`] : [],
        git.remoteUrl,
        `${commit}:${name}`
      ],
      signal,
      (line) => {
        phase ||= RELEASE_PHASE.test(line);
        log.info(line);
      }
    );
    return classify(result, { app, branch, commit, remoteUrl: git.remoteUrl });
  };
  const verdict = await backedOff(
    attempt,
    {
      app,
      what: "pushing",
      again: 2,
      tooMany: (verdict2) => verdict2.kind === "failed" && verdict2.tooMany === true
    },
    collaborators
  );
  if (verdict.kind === "failed") throw verdict.error;
  if (verdict.kind === "unknown") {
    await settle(target, verdict.reason, collaborators);
    return false;
  }
  if (verdict.kind === "up-to-date") log.warning(`Somebody else has pushed ${short(commit)} in the meantime`);
  return phase;
}

// src/heroku/strategies/git-push.ts
async function prepareGitPush(plan, api, collaborators) {
  const target = await preflight(plan, api, collaborators);
  if (target.slug !== void 0) return rerelease(target, target.slug, collaborators);
  let printed = false;
  return {
    ...target,
    async publish(signal) {
      printed = await push(target, { ...collaborators, signal });
    },
    verify: (signal) => followPush(target, printed, { ...collaborators, signal })
  };
}
function followPush(target, printed, collaborators) {
  const { app, api, commit, newestVersion, currentRelease } = target;
  const reader = createReleaseReader(api);
  return follow(
    {
      ...{ app, api, printed },
      what: short(commit),
      deed: `The push of ${short(commit)}`,
      ...currentRelease && { currentRelease },
      find: (releases, signal) => findRelease(reader, releases, { commit, newerThan: newestVersion }, signal),
      remedy: `Then push a new commit with the fix, or, if the cause lay outside the code, run this job again with \`up-to-date: rerelease\`: it releases what was built once more, under the gate. (\`heroku releases:retry --app ${app}\` does so without a drain; the job as it is pushes nothing, since Heroku has the commit.)`
    },
    collaborators
  );
}

// src/heroku/heroku.ts
function openHeroku(plan, { mask, ...given }) {
  for (const secret of main.secretsOf(plan.apiKey)) mask(secret);
  main.assertApiKey(plan.apiKey);
  let told = given.log;
  const log = { info: (line) => told.info(line), warning: (line) => told.warning(line) };
  const collaborators = { ...given, log, hide: main.maskOf(plan.apiKey) };
  const api = createPlatformApi(plan, collaborators);
  return {
    tellTo(to) {
      told = to;
    },
    async preflight() {
      const prepared = await preparedBetweenBuilds(plan, api, collaborators);
      let ours;
      return {
        ...prepared,
        async verify(signal) {
          ours = await prepared.verify(signal);
          return ours;
        },
        rollBack: (signal) => rollBack(prepared, ours, { ...collaborators, signal })
      };
    },
    configVar: (name) => configVar(api, name, collaborators.signal),
    dynosUp: (release2, waitMs, signal) => dynosUp(api, release2, waitMs, { ...collaborators, signal }),
    async inDyno(command, onLine, signal) {
      const { openInDyno } = await Promise.resolve().then(function () { return require('./one-off.js'); });
      return await openInDyno(api, command, { ...collaborators, signal }, onLine);
    }
  };
}
async function preparedBetweenBuilds(plan, api, collaborators) {
  const [running, prepared] = await together$1(collaborators.signal, [
    (linked) => buildUnderWay(api, linked),
    (linked) => prepare(plan, api, { ...collaborators, signal: linked })
  ]);
  if (running === void 0) return prepared;
  if (plan.onRunningBuild === "fail") throw runningBuildError(plan.app, running, Date.now());
  await awaitBuild(api, running, collaborators);
  return await prepare(plan, api, collaborators);
}
async function buildUnderWay(api, signal) {
  try {
    return runningBuild(await api.builds(BUILDS_LOOKED_AT, signal), Date.now());
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return void 0;
    throw error;
  }
}
async function prepare(plan, api, collaborators) {
  const { strategy } = plan;
  switch (strategy.kind) {
    case "git-push":
      return await prepareGitPush(plan, api, collaborators);
    case "promote": {
      const { preparePromotion } = await Promise.resolve().then(function () { return require('./promote.js'); });
      return await preparePromotion(plan, strategy.from, api, collaborators);
    }
    case "slug": {
      const { prepareSlug } = await Promise.resolve().then(function () { return require('./slug.js'); });
      return await prepareSlug(plan, strategy.slug, api, collaborators);
    }
    case "command": {
      const { prepareCommand } = await Promise.resolve().then(function () { return require('./command.js'); });
      return await prepareCommand(plan, strategy, api, collaborators);
    }
  }
}

// src/action/opening.ts
function open(plan, signal, begun) {
  const { env } = process;
  const around = { log: main.actionsLog, time: chunkR2YOQZTL.systemTime, fetch: createFetch(env), mask: main.maskSecret };
  const heroku = openHeroku(plan, { ...around, signal, env });
  const redis = begun ?? new chunkR2YOQZTL.AppRedis(plan, { ...around, configVar: heroku.configVar });
  return { heroku, redis, ...around };
}

// src/action/carry-out.ts
function carryOut(plan, cancel, redis) {
  const done = deploy(plan, { ...open(plan, cancel, redis), group: main.group2, cancel, remember: main.rememberHold });
  chunkR2YOQZTL.loadClient().catch(() => {
  });
  return done;
}

// src/deploy/end-hold.ts
async function endHold(plan, held, needs) {
  const pinned = held.fingerprint === void 0 ? plan : { ...plan, redis: { ...plan.redis, fingerprints: [held.fingerprint] } };
  try {
    var _stack = [];
    try {
      const server = main.__using(_stack, await chunkR2YOQZTL.openServer(pinned, needs), true);
      await protocolOf(plan, server.around).end(held.id);
    } catch (_) {
      var _error = _, _hasError = true;
    } finally {
      var _promise = main.__callDispose(_stack, _error, _hasError);
      _promise && await _promise;
    }
  } catch (error) {
    throw new Error(`${error.message}; ${unended(plan)}`, { cause: error });
  }
}

// src/action/give-back.ts
async function giveBack(held, limitMs) {
  const signal = AbortSignal.timeout(limitMs);
  const plan = main.readMaskedPlan();
  const { heroku, ...around } = open(plan, signal);
  await endHold(plan, held, { ...around, signal, configVar: heroku.configVar });
}

var workKUCZW4BZ = /*#__PURE__*/Object.freeze({
  __proto__: null,
  carryOut: carryOut,
  giveBack: giveBack
});

exports.$Agent = $Agent;
exports.$randomBytes = $randomBytes;
exports.ApiError = ApiError;
exports.RELEASES_LOOKED_AT = RELEASES_LOOKED_AT;
exports.announce = announce;
exports.assertFolder = assertFolder;
exports.createGit = createGit;
exports.createLineSplitter = createLineSplitter;
exports.createPlatformApi = createPlatformApi;
exports.createReleaseReader = createReleaseReader;
exports.during = during;
exports.executability = executability;
exports.expected = expected;
exports.follow = follow;
exports.lookFor = lookFor$1;
exports.newDeployId = newDeployId;
exports.pathOf = pathOf;
exports.protocolOf = protocolOf;
exports.quieten = quieten;
exports.readFailure = readFailure;
exports.readStanding = readStanding;
exports.reasonOf = reasonOf$1;
exports.rerelease = rerelease;
exports.resolveCommit = resolveCommit;
exports.runGroup = runGroup;
exports.short = short;
exports.slugOf = slugOf;
exports.termsOf = termsOf;
exports.together = together$1;
exports.unasked = unasked;
exports.withinLimit = withinLimit;
exports.workKUCZW4BZ = workKUCZW4BZ;
exports.writeAnnouncement = writeAnnouncement;
