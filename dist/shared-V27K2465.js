import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);
var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __knownSymbol = (name, symbol) => (symbol = Symbol[name]) ? symbol : /* @__PURE__ */ Symbol.for("Symbol." + name);
var __typeError = (msg) => {
  throw TypeError(msg);
};
var __require = /* @__PURE__ */ ((x) => typeof require !== "undefined" ? require : typeof Proxy !== "undefined" ? new Proxy(x, {
  get: (a, b) => (typeof require !== "undefined" ? require : a)[b]
}) : x)(function(x) {
  if (typeof require !== "undefined") return require.apply(this, arguments);
  throw Error('Dynamic require of "' + x + '" is not supported');
});
var __esm = (fn, res, err) => function __init() {
  if (err) throw err[0];
  try {
    return fn && (res = (0, fn[__getOwnPropNames(fn)[0]])(fn = 0)), res;
  } catch (e) {
    throw err = [e], e;
  }
};
var __commonJS = (cb, mod) => function __require2() {
  try {
    return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports;
  } catch (e) {
    throw mod = 0, e;
  }
};
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
  // If the importer is in node compatibility mode or this is not an ESM
  // file that has been converted to a CommonJS file using a Babel-
  // compatible transform (i.e. "__esModule" has not been set), then set
  // "default" to the CommonJS "module.exports" for node compatibility.
  isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target,
  mod
));
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);
var __using = (stack, value, async) => {
  if (value != null) {
    if (typeof value !== "object" && typeof value !== "function") __typeError("Object expected");
    var dispose, inner;
    if (async) dispose = value[__knownSymbol("asyncDispose")];
    if (dispose === void 0) {
      dispose = value[__knownSymbol("dispose")];
      if (async) inner = dispose;
    }
    if (typeof dispose !== "function") __typeError("Object not disposable");
    if (inner) dispose = function() {
      try {
        inner.call(this);
      } catch (e) {
        return Promise.reject(e);
      }
    };
    stack.push([async, dispose, value]);
  } else if (async) {
    stack.push([async]);
  }
  return value;
};
var __callDispose = (stack, error, hasError) => {
  var E = typeof SuppressedError === "function" ? SuppressedError : function(e, s, m, _) {
    return _ = Error(m), _.name = "SuppressedError", _.error = e, _.suppressed = s, _;
  };
  var fail = (e) => error = hasError ? new E(e, error, "An error was suppressed during disposal") : (hasError = true, e);
  var next = (it) => {
    while (it = stack.pop()) {
      try {
        var result = it[1] && it[1].call(it[2]);
        if (it[0]) return Promise.resolve(result).then(next, (e) => (fail(e), next()));
      } catch (e) {
        fail(e);
      }
    }
    if (hasError) throw error;
  };
  return next();
};

// src/outcome.ts
var OUTCOMES = [
  "deployed",
  "up-to-date",
  "dry-run",
  "preflight-failed",
  "nothing-to-deploy",
  "busy",
  "missing-clock",
  "not-acknowledged",
  "refused",
  "drain-timeout",
  "lease-lost",
  "push-failed",
  "build-failed",
  "promotion-failed",
  "command-failed",
  "release-failed",
  "dynos-not-up",
  "clock-not-seen",
  "health-check-failed",
  "deploy-timeout",
  "cancelled",
  "failed"
];
var SUCCESSES = ["deployed", "up-to-date", "dry-run"];
function isSuccess(outcome) {
  return SUCCESSES.some((one) => one === outcome);
}
var DeployError = class extends Error {
  name = "DeployError";
  outcome;
  /** What to do about it: one or more whole sentences. */
  next;
  /**
   * @param outcome how the deploy ended
   * @param message what happened, and to what: whole sentences, no secret
   * @param next what the reader should do
   */
  constructor(outcome, message, next, options) {
    super(message, options);
    this.outcome = outcome;
    this.next = next;
  }
};

// src/redis/topology-url.ts
var SCHEME = /^(rediss?)\+(sentinel|cluster):\/\//i;
var DEFAULT_PORT = { sentinel: 26379, cluster: 6379 };
var SENTINEL_LOGIN = { "sentinel-user": "username", "sentinel-password": "password" };
function parseTopologyUrl(text) {
  const [start, scheme, given] = SCHEME.exec(text) ?? [];
  if (start === void 0 || given === void 0) return void 0;
  const kind = given.toLowerCase();
  if (/[\s#]/.test(text)) throw new RangeError("it holds a blank or a #, which must be percent-encoded");
  const [, authority = "", path = "", query] = /^([^/?]*)([^?]*)(?:\?(.*))?$/.exec(text.slice(start.length)) ?? [];
  const at = authority.lastIndexOf("@");
  const login = readLogin(at < 0 ? "" : authority.slice(0, at));
  const hosts = authority.slice(at + 1).split(",").map((host) => readHost(host, DEFAULT_PORT[kind]));
  const [first] = hosts;
  const address = { ...first, tls: scheme?.toLowerCase() === "rediss", ...login.given };
  if (kind === "cluster") {
    if (!/^\/?0?$/.test(path)) throw new RangeError("it names a database, and a cluster has database 0 alone");
    if (query !== void 0) throw new RangeError("it has a query, and a cluster has none");
    return { address: { ...address, db: 0, topology: { kind, hosts } }, secrets: login.secrets };
  }
  const [, written = "", db = ""] = /^\/([^/]*)(?:\/(\d{0,5}))?$/.exec(path) ?? [];
  const primary = decoded(written, "its primary's name");
  if (!/^[\w.-]+$/.test(primary))
    throw new RangeError(
      "its path is not the sentinels' name for the primary, or that and the number of a database"
    );
  const sentinel = readQuery(query ?? "");
  const topology = { kind, hosts, primary, ...sentinel.given };
  return {
    address: { ...address, db: Number(db), topology },
    secrets: [...login.secrets, ...sentinel.secrets]
  };
}
function readLogin(text) {
  const colon = text.indexOf(":");
  const [user, password] = colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
  return loginOf(user, password, "its user name or password");
}
function readQuery(text) {
  const found = { username: "", password: "" };
  for (const part of text.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = equals < 0 ? part : part.slice(0, equals);
    if (!Object.hasOwn(SENTINEL_LOGIN, name))
      throw new RangeError("its query holds more than sentinel-user and sentinel-password");
    found[SENTINEL_LOGIN[name]] = equals < 0 ? "" : part.slice(equals + 1);
  }
  return loginOf(found.username, found.password, "the sentinels' user name or password in its query");
}
function loginOf(user, password, what) {
  const secret = decoded(password, what);
  return {
    given: {
      ...user !== "" && { username: decoded(user, what) },
      ...password !== "" && { password: secret }
    },
    secrets: password === "" ? [] : [secret, password]
  };
}
function readHost(text, defaultPort) {
  const [, bracketed, plain, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === void 0)
    throw new RangeError("it names no host, or one that is none: host[:port], commas between");
  const number = port === void 0 ? defaultPort : Number(port);
  if (number < 1 || number > 65535) throw new RangeError("one of its ports is not between 1 and 65535");
  return { host, port: number };
}
function decoded(text, what) {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError(`${what} is not percent-encoded`);
  }
}

// src/redis/address.ts
var REDIS_URL_RULE = "redis://[user:password@]host[:port][/db], rediss:// for TLS, redis+sentinel:// or redis+cluster:// as docs/redis.md has it";
function parseRedisUrl(text) {
  return parseTopologyUrl(text)?.address ?? parseServerUrl(text);
}
function parseServerUrl(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    if (/^rediss?:\/\/[^/?#]*,/i.test(text))
      throw new RangeError(
        "it is not a URL of one server; several hosts need redis+sentinel:// or redis+cluster://"
      );
    throw new RangeError("it is not a URL");
  }
  const other = /^rediss?-(sentinel|cluster):$/.exec(url.protocol)?.[1];
  if (other) throw new RangeError(`it must begin with redis+${other}://, with a plus, or rediss+${other}://`);
  if (url.protocol !== "redis:" && url.protocol !== "rediss:")
    throw new RangeError("it begins with neither redis:// nor rediss://");
  if (!url.hostname) throw new RangeError("it names no host");
  const db = url.pathname.replace(/^\//, "");
  if (!/^\d{0,5}$/.test(db)) throw new RangeError("its path is not the number of a database");
  try {
    return {
      host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: url.port === "" ? 6379 : Number(url.port),
      tls: url.protocol === "rediss:",
      ...url.username && { username: decodeURIComponent(url.username) },
      ...url.password && { password: decodeURIComponent(url.password) },
      db: Number(db)
    };
  } catch {
    throw new RangeError("its user name or password is not percent-encoded");
  }
}
function secretsOfRedisUrl(text) {
  const topology = parseTopologyUrl(text);
  if (topology) return [.../* @__PURE__ */ new Set([text, ...topology.secrets])];
  const { password } = parseServerUrl(text);
  if (password === void 0) return [text];
  const written = /^[^:]+:\/\/[^:]*:(.*)@/.exec(text)?.[1] ?? password;
  return [.../* @__PURE__ */ new Set([text, password, written, new URL(text).password])];
}
function describeAddress({ host, port, tls, topology }) {
  const what = topology === void 0 ? "Redis" : topology.kind === "cluster" ? "Redis Cluster" : `Redis primary ${topology.primary} of the sentinels`;
  const more = topology && topology.hosts.length > 1 ? ` and ${topology.hosts.length - 1} more` : "";
  return `${what} at ${describeHost({ host, port })}${more}${tls ? " (TLS)" : ""}`;
}
function describeHost({ host, port }) {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
function schemeOf({ tls, topology }) {
  return `${tls ? "rediss" : "redis"}${topology ? `+${topology.kind}` : ""}://`;
}

// src/duration.ts
var UNITS = { s: 1e3, m: 6e4, h: 36e5 };
var DURATION = /^(0|[1-9]\d{0,5})(s|m|h)$/;
var DURATION_RULE = "a whole number with a unit, such as 90s, 5m or 1h";
function parseDuration(text) {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  if (amount === void 0) return void 0;
  return Number(amount) * UNITS[unit];
}
function formatDuration(ms) {
  if (ms < 9950) return `${Number((Math.max(0, ms) / 1e3).toFixed(1))} s`;
  const seconds = Math.round(ms / 1e3);
  if (seconds < 60) return `${seconds} s`;
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours > 0) return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
  return rest ? `${minutes} min ${rest} s` : `${minutes} min`;
}

export {
  __require,
  __esm,
  __commonJS,
  __export,
  __toESM,
  __toCommonJS,
  __using,
  __callDispose,
  OUTCOMES,
  isSuccess,
  DeployError,
  REDIS_URL_RULE,
  parseRedisUrl,
  secretsOfRedisUrl,
  describeAddress,
  describeHost,
  schemeOf,
  DURATION_RULE,
  parseDuration,
  formatDuration
};
