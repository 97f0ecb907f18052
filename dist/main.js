// built-in:util
var builtIn$1 = /* @__PURE__ */ process.getBuiltinModule("node:util");
var own$1 = (key) => builtIn$1[key];
var $stripVTControlCharacters = /* @__PURE__ */ own$1("stripVTControlCharacters");

// src/one-line.ts
var LONGEST = 2e3;
var LOOKED_AT = 4;
var LOOKED_AT_MOST = 16384;
function oneLine(text, longest = LONGEST) {
  const beginning = text.slice(0, Math.min(LOOKED_AT * longest, LOOKED_AT_MOST));
  const plain = $stripVTControlCharacters(beginning.toWellFormed()).replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "").trimEnd();
  const characters = [...plain];
  if (characters.length <= longest && beginning.length === text.length) return plain;
  return `${characters.slice(0, longest - 1).join("")}…`;
}

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

// src/heroku/credentials.ts
var API_KEY_FORM = /^[\x21-\x7e]+$/;
var encoded = (apiKey) => Buffer.from(`heroku:${apiKey}`).toString("base64");
function basicHeader(apiKey) {
  return `Authorization: Basic ${encoded(apiKey)}`;
}
function secretsOf(apiKey) {
  return [.../* @__PURE__ */ new Set([apiKey, encoded(apiKey), encodeURIComponent(apiKey)])].filter((text) => text !== "");
}
function maskOf(apiKey) {
  const secrets = secretsOf(apiKey);
  return (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, "***"), text);
}
function assertApiKey(apiKey) {
  if (API_KEY_FORM.test(apiKey)) return;
  throw new DeployError(
    "preflight-failed",
    apiKey === "" ? "The input `heroku-api-key` is empty." : "The input `heroku-api-key` holds a space, a line break or another character that no Heroku token has.",
    "Store the token alone, without quotes or a trailing line, as a repository secret, and pass it as `heroku-api-key`. A new one is made by `heroku authorizations:create`."
  );
}

// built-in:path
var builtIn = /* @__PURE__ */ process.getBuiltinModule("node:path");
var own = (key) => builtIn[key];
var $resolve = /* @__PURE__ */ own("resolve");
var $isAbsolute = /* @__PURE__ */ own("isAbsolute");
var $join = /* @__PURE__ */ own("join");
var $basename = /* @__PURE__ */ own("basename");
var $delimiter = /* @__PURE__ */ own("delimiter");

// built-in:os
var builtIn2 = /* @__PURE__ */ process.getBuiltinModule("node:os");
var own2 = (key) => builtIn2[key];
var $constants = /* @__PURE__ */ own2("constants");
var $EOL = /* @__PURE__ */ own2("EOL");
var $devNull = /* @__PURE__ */ own2("devNull");

// built-in:fs
var builtIn3 = /* @__PURE__ */ process.getBuiltinModule("node:fs");
var own3 = (key) => builtIn3[key];
var $appendFileSync = /* @__PURE__ */ own3("appendFileSync");
var $existsSync = /* @__PURE__ */ own3("existsSync");
var $constants2 = /* @__PURE__ */ own3("constants");

// node_modules/@actions/core/lib/utils.js
function toCommandValue(input) {
  if (input === null || input === void 0) {
    return "";
  } else if (typeof input === "string" || input instanceof String) {
    return input;
  }
  return JSON.stringify(input);
}
function toCommandProperties(annotationProperties) {
  if (!Object.keys(annotationProperties).length) {
    return {};
  }
  return {
    title: annotationProperties.title,
    file: annotationProperties.file,
    line: annotationProperties.startLine,
    endLine: annotationProperties.endLine,
    col: annotationProperties.startColumn,
    endColumn: annotationProperties.endColumn
  };
}

// node_modules/@actions/core/lib/command.js
function issueCommand(command, properties, message) {
  const cmd = new Command(command, properties, message);
  process.stdout.write(cmd.toString() + $EOL);
}
function issue(name, message = "") {
  issueCommand(name, {}, message);
}
var CMD_STRING = "::";
var Command = class {
  constructor(command, properties, message) {
    if (!command) {
      command = "missing.command";
    }
    this.command = command;
    this.properties = properties;
    this.message = message;
  }
  toString() {
    let cmdStr = CMD_STRING + this.command;
    if (this.properties && Object.keys(this.properties).length > 0) {
      cmdStr += " ";
      let first = true;
      for (const key in this.properties) {
        if (this.properties.hasOwnProperty(key)) {
          const val = this.properties[key];
          if (val) {
            if (first) {
              first = false;
            } else {
              cmdStr += ",";
            }
            cmdStr += `${key}=${escapeProperty(val)}`;
          }
        }
      }
    }
    cmdStr += `${CMD_STRING}${escapeData(this.message)}`;
    return cmdStr;
  }
};
function escapeData(s) {
  return toCommandValue(s).replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
}
function escapeProperty(s) {
  return toCommandValue(s).replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A").replace(/:/g, "%3A").replace(/,/g, "%2C");
}

// stand-in:3
var randomUUID = () => String(Math.random()) + Math.random();

// node_modules/@actions/core/lib/file-command.js
function issueFileCommand(command, message) {
  const filePath = process.env[`GITHUB_${command}`];
  if (!filePath) {
    throw new Error(`Unable to find environment variable for file command ${command}`);
  }
  if (!$existsSync(filePath)) {
    throw new Error(`Missing file at path: ${filePath}`);
  }
  $appendFileSync(filePath, `${toCommandValue(message)}${$EOL}`, {
    encoding: "utf8"
  });
}
function prepareKeyValueMessage(key, value) {
  const delimiter = `ghadelimiter_${randomUUID()}`;
  const convertedValue = toCommandValue(value);
  if (key.includes(delimiter)) {
    throw new Error(`Unexpected input: name should not contain the delimiter "${delimiter}"`);
  }
  if (convertedValue.includes(delimiter)) {
    throw new Error(`Unexpected input: value should not contain the delimiter "${delimiter}"`);
  }
  return `${key}<<${delimiter}${$EOL}${convertedValue}${$EOL}${delimiter}`;
}

// node_modules/@actions/core/lib/core.js
var __awaiter = function(thisArg, _arguments, P, generator) {
  function adopt(value) {
    return value instanceof P ? value : new P(function(resolve) {
      resolve(value);
    });
  }
  return new (P || (P = Promise))(function(resolve, reject) {
    function fulfilled(value) {
      try {
        step(generator.next(value));
      } catch (e) {
        reject(e);
      }
    }
    function rejected(value) {
      try {
        step(generator["throw"](value));
      } catch (e) {
        reject(e);
      }
    }
    function step(result) {
      result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected);
    }
    step((generator = generator.apply(thisArg, _arguments || [])).next());
  });
};
var ExitCode;
(function(ExitCode2) {
  ExitCode2[ExitCode2["Success"] = 0] = "Success";
  ExitCode2[ExitCode2["Failure"] = 1] = "Failure";
})(ExitCode || (ExitCode = {}));
function setSecret(secret) {
  issueCommand("add-mask", {}, secret);
}
function getInput(name, options) {
  const val = process.env[`INPUT_${name.replace(/ /g, "_").toUpperCase()}`] || "";
  if (options && options.required && !val) {
    throw new Error(`Input required and not supplied: ${name}`);
  }
  if (options && options.trimWhitespace === false) {
    return val;
  }
  return val.trim();
}
function setOutput(name, value) {
  const filePath = process.env["GITHUB_OUTPUT"] || "";
  if (filePath) {
    return issueFileCommand("OUTPUT", prepareKeyValueMessage(name, value));
  }
  process.stdout.write($EOL);
  issueCommand("set-output", { name }, toCommandValue(value));
}
function error(message, properties = {}) {
  issueCommand("error", toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
function warning(message, properties = {}) {
  issueCommand("warning", toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
function info(message) {
  process.stdout.write(message + $EOL);
}
function startGroup(name) {
  issue("group", name);
}
function endGroup() {
  issue("endgroup");
}
function group(name, fn) {
  return __awaiter(this, void 0, void 0, function* () {
    startGroup(name);
    let result;
    try {
      result = yield fn();
    } finally {
      endGroup();
    }
    return result;
  });
}
function saveState(name, value) {
  const filePath = process.env["GITHUB_STATE"] || "";
  if (filePath) {
    return issueFileCommand("STATE", prepareKeyValueMessage(name, value));
  }
  issueCommand("save-state", { name }, toCommandValue(value));
}
function getState(name) {
  return process.env[`STATE_${name}`] || "";
}

// src/action/secrets.ts
var known = /* @__PURE__ */ new Set();
function maskSecret(secret) {
  for (const line of secret.split(/\r?\n/)) {
    if (line.trim() === "" || known.has(line)) continue;
    known.add(line);
    setSecret(line);
  }
}
function hideSecrets(text) {
  const longestFirst = [...known].sort((a, b) => b.length - a.length);
  return longestFirst.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
}
var OWN_WORDS = ["outcome", "section"];
function hideSecretsIn(value) {
  return JSON.parse(
    JSON.stringify(value),
    (name, one) => typeof one === "string" && !OWN_WORDS.includes(name) ? hideSecrets(one) : one
  );
}

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

// src/protocol/keys.ts
var GATE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
var GATE_NAME_RULE = "1 to 64 letters, digits, dots, dashes or underscores, the first a letter or digit";
function isGateName(name) {
  return GATE_NAME.test(name);
}
function gatePrefix(name) {
  if (!isGateName(name)) throw new RangeError(`gate name ${JSON.stringify(name)}: expected ${GATE_NAME_RULE}`);
  return `deploy-gate:{${name}}`;
}
function gateKeys(name) {
  const prefix = gatePrefix(name);
  return {
    intent: `${prefix}:intent`,
    epoch: `${prefix}:epoch`,
    roster: `${prefix}:roster`,
    announced: `${prefix}:announced`,
    doorbell: `${prefix}:doorbell`,
    reports: `${prefix}:reports`
  };
}

// src/deploy/plan.ts
function asksFromHere({ skipDrain, drainFrom }) {
  return !skipDrain && drainFrom === "runner";
}

// src/action/escape.ts
function logLine(text) {
  return oneLine(text).replace(/^(\s*):(?=:)/, "$1: ").replaceAll("##[", "## [");
}
function markdown(text, longest = 300) {
  return escaped$1(beginning(text, longest));
}
function markdownSentence(text, longest) {
  return beginning(text, longest).split(/`([^`]+)`/).map((piece, at) => at % 2 === 0 ? escaped$1(piece) : `<code>${escaped$1(piece)}</code>`).join("");
}
function markdownLink(text, url) {
  return `[${markdown(text)}](<${encodeURI(url).replaceAll("%25", "%").replaceAll("&", "&amp;")}>)`;
}
function chartName(text) {
  const name = oneLine(text).replace(/[^\p{L}\p{N} ._/=+-]/gu, " ").replace(/\s+/g, " ").trim();
  const characters = [...name];
  if (characters.length <= LONGEST_NAME) return name || "?";
  const half = Math.floor(LONGEST_NAME / 2);
  return `${characters.slice(0, half).join("")}…${characters.slice(-half).join("")}`;
}
var LONGEST_NAME = 48;
function beginning(text, longest) {
  return oneLine(text, longest).trimStart();
}
function escaped$1(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replace(/[\\`*_{}[\]()#+\-.!|~:$=]/g, (character) => `&#${character.charCodeAt(0)};`).replace(/www(?=&#46;)/gi, (www) => `&#${www.charCodeAt(0)};${www.slice(1)}`).replaceAll("@", "<span>@</span>");
}

// src/action/actions-log.ts
var actionsLog = {
  info: (line) => info(logLine(hideSecrets(line))),
  warning: (line) => warning(oneLine(hideSecrets(line)))
};
var MOST_LINES = 60;
function annotateError(title, text) {
  const lines = hideSecrets(text).split("\n", MOST_LINES);
  error(lines.map((line) => oneLine(line)).join("\n"), { title });
}
function group2(heading, work) {
  return group(logLine(heading), work);
}

// src/deploy/github.ts
function askerOfJob(env) {
  const { GITHUB_ACTOR: actor, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  const server = env.GITHUB_SERVER_URL;
  const name = [actor, repository].filter(Boolean).join(", ");
  return {
    ...name && { name },
    ...server && repository && run && { runUrl: `${server}/${repository}/actions/runs/${run}` }
  };
}

// src/quote.ts
function quote(text) {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

// src/deploy/processes.ts
var MOST_OF_A_TYPE = 1e3;
var RULE = `process types of the Procfile by comma or line, each with an optional number from 1 to ${MOST_OF_A_TYPE}, such as clock, worker=3`;
function parseProcesses(text) {
  const problems = [];
  const entries = text.split(/[,\n]/).map((entry) => entry.trim()).filter((entry) => entry !== "");
  const asked = entries.flatMap((entry) => {
    const [, type, number] = /^([A-Za-z0-9_-]{1,100}?)(?:\s*=\s*(\d{1,4}))?$/.exec(entry) ?? [];
    const atLeast = number === void 0 ? 1 : Number(number);
    if (type !== void 0 && atLeast >= 1 && atLeast <= MOST_OF_A_TYPE) {
      return [{ type, atLeast, demanded: number !== void 0 }];
    }
    problems.push(`has the entry ${quote(entry)}. Expected ${RULE}`);
    return [];
  });
  const twice = asked.find(({ type }, index) => asked.findIndex((other) => other.type === type) !== index);
  if (twice !== void 0) problems.push(`names ${twice.type} twice. Expected each type once`);
  if (entries.length === 0) problems.push(`names nobody. Expected ${RULE}`);
  return { asked, problems };
}

// src/redis/fingerprint.ts
var FINGERPRINT_RULE = "a SHA-256 fingerprint: 64 hex digits, with or without colons; several with commas between";
function parseFingerprints(text) {
  const all = text.split(",").map((one) => one.trim().replaceAll(":", "").toLowerCase());
  return all.every((digits) => /^[0-9a-f]{64}$/.test(digits)) ? all : void 0;
}

// src/action/app-name.ts
var APP_NAME = /^[a-z][a-z0-9-]{1,28}[a-z0-9]$/;
var APP_NAME_RULE = "the name of a Heroku app: 3 to 30 lower-case letters, digits and dashes, a letter first";

// src/action/input-names.ts
var DEFAULTS = {
  "heroku-app": "",
  "heroku-api-key": "",
  "redis-url": "",
  "redis-config-var": "REDIS_URL",
  "redis-tls": "auto",
  "redis-tls-fingerprint": "",
  "gate-name": "default",
  protocol: "gate",
  "list-request-key": "request",
  "list-response-key": "response",
  "list-message": "shutdown",
  "list-resume-message": "",
  processes: "clock",
  "acknowledge-timeout": "30s",
  "drain-timeout": "5m",
  "on-drain-timeout": "fail",
  "on-missing-clock": "fail",
  "skip-drain": "false",
  "drain-at": "before-push",
  "drain-from": "runner",
  strategy: "git-push",
  ref: "HEAD",
  branch: "auto",
  "app-dir": "",
  "force-push": "false",
  "on-running-build": "wait",
  "up-to-date": "skip",
  "promote-from": "",
  slug: "",
  command: "",
  "command-file": "",
  "deploy-timeout": "30m",
  "wait-for-dynos": "2m",
  "wait-for-clock": "2m",
  "health-check-url": "",
  "health-check-status": "200",
  "health-check-body": "",
  "health-check-timeout": "2m",
  "health-check-interval": "5s",
  "rollback-on-failure": "false",
  "dry-run": "false"
};
var SECRET_INPUTS = /* @__PURE__ */ new Set([
  "heroku-api-key",
  "redis-url",
  "health-check-url"
]);
function misspelled(env) {
  const known = Object.keys(DEFAULTS);
  return Object.keys(env).flatMap((variable) => {
    const given = /^INPUT_(.+)$/i.exec(variable)?.[1]?.toLowerCase();
    if (given === void 0 || Object.hasOwn(DEFAULTS, given)) return [];
    const meant = known.find((name) => isClose(given.replaceAll("_", "-"), name));
    return meant === void 0 ? [] : [{ given, meant }];
  });
}
function isClose(a, b) {
  const most = b.length < 6 ? 1 : 2;
  if (Math.abs(a.length - b.length) > most) return false;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return (row[b.length] ?? 0) <= most;
}

// src/action/health-inputs.ts
var DETAILS = [
  "health-check-status",
  "health-check-body",
  "health-check-timeout",
  "health-check-interval"
];
var STATUS_RULE = "HTTP statuses by comma: 200, 2xx, 200-204";
function readHealthCheck(read) {
  const url = read.text("health-check-url");
  if (url === "") {
    for (const name of DETAILS.filter((one) => read.text(one) !== DEFAULTS[one])) {
      read.problem(
        `${name} (${quote(read.text(name))})`,
        "means nothing without health-check-url. Leave it out, or say what to check"
      );
    }
    return void 0;
  }
  if (!isAddress(url))
    read.wrong("health-check-url", "an address (https://…) without user and password, or a path (/healthz)");
  const statuses = statusesOf(read.text("health-check-status"));
  if (statuses === void 0) read.wrong("health-check-status", STATUS_RULE);
  const body = read.text("health-check-body");
  return {
    url,
    statuses: statuses ?? [],
    ...body !== "" && { body },
    timeoutMs: read.duration("health-check-timeout"),
    intervalMs: read.duration("health-check-interval")
  };
}
function isAddress(text) {
  if (/\s/.test(text)) return false;
  if (text.startsWith("/")) return !/^\/[/\\]/.test(text);
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === "https:" || protocol === "http:") && username === "" && password === "";
}
function statusesOf(text) {
  const ranges = text.split(",").map((entry) => {
    const [, hundred] = /^\s*([1-5])xx\s*$/i.exec(entry) ?? [];
    if (hundred !== void 0) return [Number(hundred) * 100, Number(hundred) * 100 + 99];
    const [, first, last = first] = /^\s*([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?\s*$/.exec(entry) ?? [];
    return first !== void 0 && Number(first) <= Number(last) ? [Number(first), Number(last)] : void 0;
  });
  return ranges.every((range) => range !== void 0) ? ranges : void 0;
}

// src/action/input-reader.ts
var LONGEST_MS = 24 * 36e5;
var InputReader = class {
  problems = [];
  #get;
  constructor(getInput2) {
    this.#get = getInput2;
  }
  /** The input as it was given, or its default when it is empty: `${{ vars.X }}` of a missing variable gives nothing. */
  text(name) {
    return this.#get(name).trim() || DEFAULTS[name];
  }
  required(name, rule, accepted) {
    const value = this.text(name);
    if (value === "") this.problem(name, `is missing. Expected ${accepted}`);
    else if (!rule.test(value)) this.wrong(name, accepted);
    return value;
  }
  matching(name, rule, accepted) {
    const value = this.text(name);
    if (!rule.test(value)) this.wrong(name, accepted);
    return value;
  }
  oneOf(name, accepted) {
    const value = this.text(name);
    const found = accepted.find((one) => one === value);
    if (found === void 0) this.wrong(name, accepted.join(", ").replace(/, ([^,]*)$/, " or $1"));
    return found ?? accepted[0];
  }
  /** YAML 1.2's own spellings, as the runner's toolkit takes them. */
  switch(name) {
    const value = this.text(name);
    if (/^(true|True|TRUE)$/.test(value)) return true;
    if (!/^(false|False|FALSE)$/.test(value)) this.wrong(name, "true or false");
    return false;
  }
  /** @returns ms; 0 for a wrong one */
  duration(name, { zero = false } = {}) {
    const value = this.text(name);
    const ms = zero && value === "0" ? 0 : parseDuration(value);
    const rule = `${DURATION_RULE}${zero ? ", or 0" : ""}`;
    if (ms === void 0) this.wrong(name, rule);
    else if (ms === 0 && !zero) this.wrong(name, `${rule}, above zero`);
    else if (ms > LONGEST_MS) this.wrong(name, `${rule}, at most ${formatDuration(LONGEST_MS)}`);
    return ms ?? 0;
  }
  wrong(name, accepted) {
    const given = SECRET_INPUTS.has(name) ? "has a value that can't be used" : `is ${quote(this.text(name))}`;
    this.problem(name, `${given}. Expected ${accepted}`);
  }
  problem(name, what) {
    this.problems.push(`${name} ${what}${what.endsWith("?") ? "" : "."}`);
  }
};

// src/action/list-inputs.ts
var INPUTS = ["list-request-key", "list-response-key", "list-message", "list-resume-message"];
function readList(read) {
  const protocol = read.oneOf("protocol", ["gate", "list"]);
  const given = (name) => `${name} (${read.text(name)})`;
  if (protocol !== "list") {
    const set = read.text("protocol") === protocol ? INPUTS.filter((one) => read.text(one) !== DEFAULTS[one]) : [];
    for (const name of set) {
      read.problem(
        given(name),
        `means nothing under ${given("protocol")}. Leave it out, or say protocol: list`
      );
    }
    return void 0;
  }
  const key = (name) => read.matching(
    name,
    new RegExp("^(?!deploy-gate:)\\P{Cc}{1,200}$", "u"),
    "the key of the list as the listener has it: at most 200 characters, and not one of the gate itself, deploy-gate:…"
  );
  const message = (name) => read.matching(
    name,
    new RegExp("^\\P{Cc}{0,200}$", "u"),
    "what the listener compares with: one line of at most 200 characters"
  );
  const list = {
    requestKey: key("list-request-key"),
    responseKey: key("list-response-key"),
    message: message("list-message"),
    resumeMessage: message("list-resume-message")
  };
  if (list.requestKey === list.responseKey)
    read.problem(
      given("list-response-key"),
      `is the same as ${given("list-request-key")}. A request would pass for its own answer`
    );
  if (list.message === list.resumeMessage)
    read.problem(
      given("list-resume-message"),
      `is the same as ${given("list-message")}. It would stop the clock once more`
    );
  if (read.text("on-drain-timeout") === "force")
    read.problem(
      given("on-drain-timeout"),
      `can't be had under ${given("protocol")}: such a listener can't be told to abort its jobs. Expected fail or deploy`
    );
  return list;
}

// src/action/strategy-inputs.ts
var OWN = {
  "git-push": ["app-dir", "force-push", "drain-at"],
  promote: ["promote-from"],
  slug: ["slug"],
  command: ["command", "command-file"]
};
var KINDS = ["git-push", "promote", "slug", "command"];
var COMMAND_RULE = 'a JSON array of texts, the program first, such as ["heroku", "container:release", "clock"]';
function readStrategy(read) {
  const kind = read.oneOf("strategy", KINDS);
  if (read.text("strategy") === kind) refuseOthers(read, kind);
  switch (kind) {
    case "git-push":
      return { kind };
    case "promote":
      return { kind, from: readSource(read) };
    case "slug":
      return {
        kind,
        slug: read.matching(
          "slug",
          /^(|v[1-9]\d{0,8}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/,
          "a release (v41), a slug's id, or nothing: the slug that was built from ref"
        )
      };
    case "command":
      return { kind, ...readCommand(read) };
  }
}
function refuseOthers(read, kind) {
  for (const other of KINDS.filter((one) => one !== kind)) {
    for (const name of OWN[other].filter((one) => read.text(one) !== DEFAULTS[one])) {
      read.problem(
        `${name} (${quote(read.text(name))})`,
        `means nothing under strategy: ${kind}. Leave it out, or say strategy: ${other}`
      );
    }
  }
}
function readSource(read) {
  const rule = `${APP_NAME_RULE}: the one whose slug is promoted, such as shop-staging`;
  const from = read.required("promote-from", APP_NAME, rule);
  if (from !== "" && from === read.text("heroku-app")) {
    read.problem(
      `promote-from (${from})`,
      "is heroku-app itself. Expected another app of its pipeline, from which it gets what it is to run"
    );
  }
  return from;
}
function readCommand(read) {
  const [text, file] = [read.text("command"), read.text("command-file")];
  if (text !== "" && file !== "") {
    read.problem("command-file", "stands beside command. Give one of them");
  } else if (file !== "") {
    const script = read.matching(
      "command-file",
      /^(?!.*(^|\/)\.\.(\/|$))[^/\p{Cc}][^\p{Cc}]{0,250}$/u,
      "the path of a script in the checkout, such as script/release"
    );
    return { program: `./${script.replace(/^\.\//, "")}`, args: [] };
  } else if (text === "") {
    read.problem("command", `is missing. Expected ${COMMAND_RULE}; or command-file, a script of the checkout`);
  } else {
    const words = wordsOf(text);
    if (words !== void 0) return words;
    read.wrong("command", COMMAND_RULE);
  }
  return { program: "", args: [] };
}
function wordsOf(text) {
  let words;
  try {
    words = JSON.parse(text);
  } catch {
    return void 0;
  }
  if (!Array.isArray(words)) return void 0;
  const usable = words.every((word) => typeof word === "string" && !word.includes("\0"));
  const [program, ...args] = words;
  return usable && program ? { program, args } : void 0;
}

// src/action/inputs.ts
function readPlan({ getInput: getInput2, env }) {
  const read = new InputReader(getInput2);
  for (const { given, meant } of misspelled(env)) {
    read.problem(given, `is not an input of this action. Did you mean ${meant}?`);
  }
  const redisUrl = readRedisUrl(read);
  const fingerprints = readFingerprints(read, redisUrl);
  const list = readList(read);
  const healthCheck = readHealthCheck(read);
  const appDir = readAppDir(read);
  const plan = {
    app: read.required("heroku-app", APP_NAME, APP_NAME_RULE),
    apiKey: read.required(
      "heroku-api-key",
      API_KEY_FORM,
      "a token of `heroku authorizations:create`, stored as a repository secret and passed from there, without blanks in it. In a pull request from a fork, secrets are empty"
    ),
    apiUrl: readEndpoint(read, env, "HEROKU_API_URL", "https://api.heroku.com"),
    gitUrl: readEndpoint(read, env, "HEROKU_GIT_URL", "https://git.heroku.com"),
    redis: {
      ...redisUrl !== void 0 && { url: redisUrl },
      configVar: read.matching(
        "redis-config-var",
        /^[A-Za-z_][A-Za-z0-9_]{0,199}$/,
        "the name of a config var: letters, digits and underscores"
      ),
      tls: read.oneOf("redis-tls", ["auto", "verify", "insecure"]),
      ...fingerprints && { fingerprints }
    },
    gateName: readGateName(read),
    ...list !== void 0 && { list },
    processes: readProcesses(read),
    acknowledgeTimeoutMs: read.duration("acknowledge-timeout"),
    drainTimeoutMs: read.duration("drain-timeout"),
    onDrainTimeout: read.oneOf("on-drain-timeout", ["fail", "force", "deploy"]),
    onMissingClock: read.oneOf("on-missing-clock", ["fail", "deploy"]),
    skipDrain: read.switch("skip-drain"),
    drainAt: read.oneOf("drain-at", ["before-push", "release-phase"]),
    drainFrom: read.oneOf("drain-from", ["runner", "dyno"]),
    strategy: readStrategy(read),
    ref: read.matching("ref", new RegExp("^\\P{Cc}{1,250}$", "u"), "a commit, branch or tag of at most 250 characters"),
    branch: read.oneOf("branch", ["auto", "main", "master"]),
    ...appDir !== void 0 && { appDir },
    forcePush: read.switch("force-push"),
    onRunningBuild: read.oneOf("on-running-build", ["wait", "fail"]),
    upToDate: read.oneOf("up-to-date", ["skip", "fail", "rerelease"]),
    deployTimeoutMs: read.duration("deploy-timeout"),
    waitForDynosMs: read.duration("wait-for-dynos", { zero: true }),
    waitForClockMs: read.duration("wait-for-clock", { zero: true }),
    ...healthCheck !== void 0 && { healthCheck },
    rollbackOnFailure: read.switch("rollback-on-failure"),
    dryRun: read.switch("dry-run"),
    directory: env.GITHUB_WORKSPACE || process.cwd(),
    asker: { name: "a deploy", ...askerOfJob(env) }
  };
  checkTogether(read, plan);
  if (read.problems.length > 0) throw badInputs(read.problems);
  return plan;
}
function secretsOfPlan({ apiKey, redis }) {
  return [...secretsOf(apiKey), ...redis.url === void 0 ? [] : secretsOfRedisUrl(redis.url)];
}
function checkTogether(read, plan) {
  const { acknowledgeTimeoutMs, drainTimeoutMs, deployTimeoutMs } = plan;
  const given = (name) => `${name} (${read.text(name)})`;
  if (acknowledgeTimeoutMs > drainTimeoutMs && drainTimeoutMs > 0) {
    const drain = given("drain-timeout");
    read.problem(
      given("acknowledge-timeout"),
      `is longer than ${drain}. Who has not accepted a request can not have drained`
    );
  }
  if (drainTimeoutMs >= deployTimeoutMs && deployTimeoutMs > 0) {
    read.problem(
      given("drain-timeout"),
      `is not shorter than ${given("deploy-timeout")}. A deploy takes its drain and its build: raise deploy-timeout`
    );
  }
  for (const name of ["drain-at", "drain-from"]) {
    if (plan.list === void 0 || read.text(name) === DEFAULTS[name]) continue;
    read.problem(
      given(name),
      "can't be had under protocol: list. A dyno asks by the drain protocol: leave it out, or say protocol: gate"
    );
  }
  if (plan.drainFrom === "dyno" && plan.redis.url !== void 0) {
    read.problem(
      "redis-url",
      `means nothing under ${given("drain-from")}. The dyno has the URL in its environment: leave it out, and name the config var in redis-config-var if that is not REDIS_URL`
    );
  }
}
function readAppDir(read) {
  const given = read.text("app-dir").replace(/^(\.\/+)+/, "").replace(/\/+$/, "");
  if (given === "" || given === ".") return void 0;
  const parts = given.split("/");
  if (/[\p{Cc}\\]/u.test(given) || parts.some((part) => ["", ".", "..", ".git"].includes(part)))
    read.wrong("app-dir", "a folder of the repository, such as services/shop");
  return given;
}
function readRedisUrl(read) {
  const url = read.text("redis-url");
  if (url === "") return void 0;
  try {
    parseRedisUrl(url);
    return url;
  } catch (error2) {
    read.problem("redis-url", `can't be used: ${error2.message}. Expected ${REDIS_URL_RULE}`);
    return void 0;
  }
}
function readFingerprints(read, redisUrl) {
  const given = read.text("redis-tls-fingerprint");
  if (given === "") return void 0;
  const digits = parseFingerprints(given);
  if (digits === void 0) read.wrong("redis-tls-fingerprint", FINGERPRINT_RULE);
  const address = redisUrl === void 0 ? void 0 : parseRedisUrl(redisUrl);
  if (address && !address.tls) {
    read.problem(
      "redis-tls-fingerprint",
      `pins a certificate, but redis-url begins with ${schemeOf(address)}, which has none. Expected ${schemeOf({ ...address, tls: true })}`
    );
  }
  return digits;
}
function readGateName(read) {
  const name = read.text("gate-name");
  if (!isGateName(name)) read.wrong("gate-name", GATE_NAME_RULE);
  return name;
}
function readProcesses(read) {
  const { asked, problems } = parseProcesses(read.text("processes"));
  for (const problem of problems) read.problem("processes", problem);
  return asked;
}
function readEndpoint(read, env, name, usual) {
  const given = env[name];
  if (!given) return usual;
  const url = URL.canParse(given) ? new URL(given) : void 0;
  const local = url?.protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  const plain = url?.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (plain && (url.protocol === "https:" || local)) return given.replace(/\/+$/, "");
  read.problem(
    `The environment variable ${name}`,
    "holds no base URL that can be used. Expected https://…, or http:// on 127.0.0.1, without user, query and fragment; leave it unset for Heroku itself"
  );
  return usual;
}
function badInputs(problems) {
  const [first, ...more] = problems;
  return new DeployError(
    "preflight-failed",
    more.length === 0 ? `${first}` : `${problems.length} inputs can't be used:
- ${problems.join("\n- ")}`,
    "Correct it under `with:` of this step in the workflow. Nobody was asked to drain, and nothing was pushed."
  );
}

// src/action/plan.ts
function readMaskedPlan() {
  const plan = readPlan({ getInput: (name) => getInput(name), env: process.env });
  for (const secret of secretsOfPlan(plan)) maskSecret(secret);
  return plan;
}

// src/action/state.ts
var HOLD = "hold";
function rememberHold(held) {
  saveState(HOLD, { id: held.id, fingerprint: held.fingerprint ?? "" });
}
function rememberEnd() {
  saveState(HOLD, "");
}
function recallHold() {
  const saved = getState(HOLD);
  if (saved === "") return void 0;
  const { id, fingerprint } = JSON.parse(saved);
  return { id, fingerprint: fingerprint || void 0 };
}

// src/json.ts
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return void 0;
  }
}
function fieldsOf(value) {
  return typeof value === "object" && value !== null ? value : {};
}
var OBEYED = "\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}";
function inertJson(value, also = "") {
  return JSON.stringify(value).replace(
    new RegExp(`[${OBEYED}${also}]`, "gu"),
    (character) => [...Array(character.length).keys()].map((at) => escaped(character.charCodeAt(at))).join("")
  );
}
function escaped(unit) {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}

// src/action/crash.ts
function endOnCrash(before = () => {
}) {
  process.on("uncaughtException", (error) => {
    const told = error instanceof Error ? error.stack ?? error.message : String(error);
    before();
    annotateError(
      "Deploy: failed",
      `Something unexpected went wrong: ${told}
Please report it with the log of this run.`
    );
    process.exit(ExitCode.Failure);
  });
}

// src/action/participants-json.ts
var QUOTING = "'`$‘-‛";
var write = (value) => inertJson(value, QUOTING);
var MOST_BYTES = 1e5;
function participantsJson(all) {
  const whole = write(all);
  if (Buffer.byteLength(whole) <= MOST_BYTES) return whole;
  const bare = all.map(({ note: _, ...rest }) => rest);
  const undrained = bare.filter(({ drainedSeconds }) => drainedSeconds === void 0);
  const kept = /* @__PURE__ */ new Set();
  let bytes = 2;
  for (const one of /* @__PURE__ */ new Set([...undrained, ...bare])) {
    bytes += Buffer.byteLength(write(one)) + 1;
    if (bytes > MOST_BYTES) break;
    kept.add(one);
  }
  return write(bare.filter((one) => kept.has(one)));
}

// src/action/outputs.ts
function writePessimisticOutputs(setOutput2) {
  write2({ outcome: "cancelled", participants: [], jobsFinished: 0, jobsStored: 0 }, setOutput2);
}
function writeOutputs(report2, setOutput2) {
  write2(report2, setOutput2);
}
function write2(report2, setOutput2) {
  setOutput2("outcome", report2.outcome);
  setOutput2("drained", participantsJson(report2.participants));
  setOutput2("drain-seconds", String(report2.drainSeconds ?? ""));
  setOutput2("quiet-seconds", String(report2.quietSeconds ?? ""));
  setOutput2("jobs-finished", String(report2.jobsFinished ?? ""));
  setOutput2("jobs-stored", String(report2.jobsStored ?? ""));
  setOutput2("release", report2.release ?? "");
  setOutput2("rollback", report2.rollback ?? "");
  setOutput2("commit", report2.commit ?? "");
  setOutput2("url", report2.url ?? "");
}

// src/action/gantt.ts
var MOST_BARS = 24;
var TENTH_MS = 100;
var HOUR_MS = 36e5;
var MOST_TICKS = 8;
var TICKS = [
  ...[1, 2, 5, 10, 15, 30].map((amount) => [amount, "second", amount * 1e3]),
  ...[1, 2, 5, 10, 15, 30].map((amount) => [amount, "minute", amount * 6e4]),
  ...[1, 2, 3, 6, 12].map((amount) => [amount, "hour", amount * HOUR_MS])
];
var STYLE = {
  gantt: { barHeight: 22, barGap: 5, fontSize: 12, sectionFontSize: 12 },
  themeVariables: {
    ...{ taskBkgColor: "#5565c8", taskBorderColor: "#5565c8", taskTextColor: "#ffffff" },
    ...{ critBkgColor: "#cf222e", critBorderColor: "#cf222e" },
    ...{ sectionBkgColor: "rgba(128,128,128,0.5)", altSectionBkgColor: "transparent" }
  },
  themeCSS: ".tick line { opacity: 0.25 }"
};
function renderGantt(spans) {
  if (spans.length < 2) return "";
  const shown = mostTelling(spans);
  const endMs = Math.max(...shown.map(({ toMs }) => toMs));
  const lines = [
    `%%{init: ${JSON.stringify(STYLE)}}%%`,
    "gantt",
    ...shown.length < spans.length ? [`  title ${shown.length} of ${spans.length} phases: what failed and what took longest`] : [],
    // Local time in, local time out: with a number of milliseconds the axis would show the reader's time zone.
    "  dateFormat YYYY-MM-DDTHH:mm:ss.SSS",
    `  axisFormat ${endMs < HOUR_MS ? "%M:%S" : "%H:%M"}`,
    `  tickInterval ${tickInterval(endMs)}`
  ];
  for (const [section, title] of [
    ["gate", "Gate"],
    ["heroku", "Heroku"]
  ]) {
    const bars = shown.filter((span) => span.section === section);
    if (bars.length > 0) lines.push(`  section ${title}`, ...bars.map((bar) => `  ${barOf(bar, endMs)}`));
  }
  return lines.join("\n");
}
function mostTelling(spans) {
  const weight = ({ failed, section, fromMs, toMs }) => (section === "heroku" ? 2e12 : 0) + (failed ? 1e12 : 0) + (toMs - fromMs);
  const kept = new Set([...spans].sort((a, b) => weight(b) - weight(a)).slice(0, MOST_BARS));
  return spans.filter((span) => kept.has(span));
}
function tickInterval(endMs) {
  const [amount, unit] = TICKS.find(([, , ms]) => endMs / ms <= MOST_TICKS) ?? [1, "day"];
  return `${amount}${unit}`;
}
function barOf({ name, fromMs, toMs, failed }, endMs) {
  const from = Math.max(0, Math.round(fromMs / TENTH_MS) * TENTH_MS);
  const to = Math.max(toMs, from + TENTH_MS, from + endMs / 200);
  return `${formatDuration(toMs - fromMs)} ${chartName(name)} :${failed ? "crit, " : ""}${timeOf(from)}, ${timeOf(to)}`;
}
var DAY_MS = Date.UTC(2001, 0, 1);
function timeOf(ms) {
  return new Date(DAY_MS + Math.round(ms)).toISOString().slice(0, -1);
}

// src/action/markdown-table.ts
function table(columns, rows) {
  const shown = columns.map(({ head, align, cell }) => ({
    head,
    rule: align === "right" ? "--:" : "---",
    cells: rows.map(cell)
  })).filter(({ cells }) => cells.some((cell) => cell !== void 0));
  if (shown.length === 0) return [];
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [
    [
      line(shown.map(({ head }) => head)),
      `|${shown.map(({ rule }) => rule).join("|")}|`,
      ...rows.map((_, at) => line(shown.map(({ cells }) => cells[at] ?? "–")))
    ].join("\n")
  ];
}

// src/action/summary.ts
var MOST_PARTICIPANTS = 100;
var MOST_IN_SIGHT = 10;
var MOST_WARNINGS = 30;
function renderSummary(report2) {
  const { outcome, app, message, next, warnings, spans, rollback } = report2;
  const chart = renderGantt(spans);
  return [
    `## ${mark(report2)} ${HEADINGS[outcome]}${rollback ? ", and taken back" : ""}${app ? `: ${markdown(app)}` : ""}`,
    ...message.split("\n").map((line) => markdownSentence(line, 1e3)),
    ...next ? [`**What to do:** ${markdownSentence(next, 1e3)}`] : [],
    ...facts(report2),
    ...warned(warnings),
    ...participants(report2.participants),
    ...chart ? ["### Timeline", `\`\`\`mermaid
${chart}
\`\`\``] : [],
    ""
  ].join("\n\n");
}
var HEADINGS = {
  deployed: "Deployed",
  "up-to-date": "Up to date",
  "dry-run": "Dry run, a deploy could begin",
  "preflight-failed": "Not deployed, a check failed beforehand",
  "nothing-to-deploy": "Not deployed, the app runs it already",
  busy: "Not deployed, another deploy is at work",
  "missing-clock": "Not deployed, no clock took part",
  "not-acknowledged": "Not deployed, the drain request was not accepted",
  refused: "Not deployed, the clock refused to drain",
  "drain-timeout": "Not deployed, not drained in time",
  "lease-lost": "Not deployed, the drain was lost",
  "push-failed": "Not deployed, the push failed",
  "build-failed": "Not deployed, the build failed",
  "promotion-failed": "Not deployed, the promotion failed",
  "command-failed": "The deploy command failed",
  "release-failed": "The release failed",
  "dynos-not-up": "Released, but its dynos are not up",
  "clock-not-seen": "Released, but the new clock was not seen",
  "health-check-failed": "Released, but the health check failed",
  "deploy-timeout": "Out of time",
  cancelled: "Cancelled",
  failed: "Failed"
};
function mark({ outcome, warnings }) {
  if (outcome === "cancelled") return "⏹️";
  if (!isSuccess(outcome)) return "❌";
  return warnings.length > 0 ? "⚠️" : "✅";
}
function facts(report2) {
  const { app, commit, release, rollback, url, drainSeconds, quietSeconds } = report2;
  const jobs = (number) => report2.participants.length > 0 && drainSeconds !== void 0 ? number : void 0;
  const known = [
    ["Release", release ? markdown(release) : void 0],
    ["Taken back by", rollback ? markdown(rollback) : void 0],
    ["Commit", commit ? `<code>${markdown(commit.slice(0, 12))}</code>` : void 0],
    ["App", url ? markdownLink(app || url, url) : void 0],
    ["Drained in", duration(drainSeconds)],
    ["Clock quiet for", duration(quietSeconds)],
    ["Jobs finished", jobs(report2.jobsFinished)],
    ["Jobs stored", jobs(report2.jobsStored)]
  ];
  return table(
    known.map(([head, value]) => ({ head, align: "left", cell: () => value })),
    [report2]
  );
}
function warned(all) {
  if (all.length === 0) return [];
  const shown = all.slice(0, MOST_WARNINGS).map((line) => `- ${markdownSentence(line, 500)}`);
  const left = all.length - shown.length;
  return ["### Warnings", shown.join("\n"), ...left > 0 ? [`and ${left} more in the log`] : []];
}
function participants(all) {
  if (all.length === 0) return [];
  const undone = all.filter(({ drainedSeconds }) => drainedSeconds === void 0);
  const done = all.filter(({ drainedSeconds }) => drainedSeconds !== void 0);
  const shown = [...undone, ...done].slice(0, MOST_PARTICIPANTS);
  const inSight = shown.length <= MOST_IN_SIGHT ? shown.length : Math.max(undone.length, MOST_IN_SIGHT);
  const folded = shown.slice(inSight);
  const left = all.length - shown.length;
  return [
    "### Participants",
    ...table(PARTICIPANT_COLUMNS, shown.slice(0, inSight)),
    ...folded.length > 0 ? [
      `<details><summary>${folded.length} more that drained</summary>`,
      ...table(PARTICIPANT_COLUMNS, folded),
      "</details>"
    ] : [],
    ...left > 0 ? [`and ${left} more: see the output \`drained\``] : []
  ];
}
var PARTICIPANT_COLUMNS = [
  { head: "Dyno", align: "left", cell: ({ dyno }) => markdown(dyno, 100) },
  { head: "State", align: "left", cell: ({ state }) => markdown(state, 40) },
  { head: "Accepted after", align: "right", cell: ({ acceptedSeconds }) => duration(acceptedSeconds) },
  { head: "Drained after", align: "right", cell: ({ drainedSeconds }) => duration(drainedSeconds) },
  { head: "Finished", align: "right", cell: ({ finished }) => finished },
  { head: "Stored", align: "right", cell: ({ stored }) => stored },
  { head: "Lost", align: "right", cell: ({ lost }) => lost },
  { head: "Note", align: "left", cell: ({ note }) => note === void 0 ? void 0 : markdown(note, 200) }
];
function duration(seconds) {
  return seconds === void 0 ? void 0 : formatDuration(seconds * 1e3);
}

// src/action/summary-file.ts
function appendSummary(markdown2) {
  const file = process.env.GITHUB_STEP_SUMMARY;
  if (!file) throw new Error("this runner has no job summaries: GITHUB_STEP_SUMMARY is not set");
  $appendFileSync(file, `${markdown2}${$EOL}`);
}

// src/action/main-step.ts
async function mainStep() {
  endOnCrash(() => setOutput("outcome", "failed"));
  const cancel = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"]) {
    process.on(
      name,
      () => cancel.abort(
        new DeployError(
          "cancelled",
          `The job was cancelled (${name}).`,
          "Run the workflow again when you want the deploy."
        )
      )
    );
  }
  try {
    var _stack = [];
    try {
      const plan = readMaskedPlan();
      writePessimisticOutputs(setOutput);
      const early = asksFromHere(plan) && plan.redis.url !== void 0;
      const redis = __using(_stack, early ? await (await Promise.resolve().then(function () { return require('./approach.js'); })).approach(plan, cancel.signal) : void 0, true);
      const { carryOut } = await Promise.resolve().then(function () { return require('./work.js'); }).then(function (n) { return n.workKUCZW4BZ; });
      const told = await carryOut(plan, cancel.signal, redis);
      report(told);
      if (isSuccess(told.outcome)) rememberEnd();
    } catch (_) {
      var _error = _, _hasError = true;
    } finally {
      var _promise = __callDispose(_stack, _error, _hasError);
      _promise && await _promise;
    }
  } catch (error) {
    const { outcome, message, next } = asDeployError(error);
    const nothing = { app: "", participants: [], jobsFinished: 0, jobsStored: 0, warnings: [], spans: [] };
    report({ ...nothing, outcome, message, next });
  }
}
function report(told) {
  const report2 = hideSecretsIn(told);
  writeOutputs(report2, setOutput);
  const { outcome, message, next } = report2;
  if (isSuccess(outcome)) actionsLog.info(message);
  else {
    annotateError(`Deploy: ${outcome}`, `${message}
${next}`);
    process.exitCode = ExitCode.Failure;
  }
  try {
    appendSummary(renderSummary(report2));
  } catch (error) {
    actionsLog.warning(`the summary could not be written: ${error.message}`);
  }
}
function asDeployError(error) {
  if (error instanceof DeployError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DeployError(
    "failed",
    `Something unexpected went wrong: ${message}`,
    "Please report it with the log of this run.",
    { cause: error }
  );
}

// src/action/post-step.ts
var LIMIT_MS = 4500;
async function postStep() {
  endOnCrash();
  try {
    const held = recallHold();
    if (held !== void 0) {
      const { giveBack } = await Promise.resolve().then(function () { return require('./work.js'); }).then(function (n) { return n.workKUCZW4BZ; });
      await giveBack(held, LIMIT_MS);
    }
  } catch (error) {
    actionsLog.warning(`the drain of this job could not be ended: ${error.message}`);
  }
}

// src/action/main.ts
void ($basename(process.argv[1] ?? "") === "post.js" ? postStep() : mainStep());

exports.$constants = $constants;
exports.$constants2 = $constants2;
exports.$delimiter = $delimiter;
exports.$devNull = $devNull;
exports.$isAbsolute = $isAbsolute;
exports.$join = $join;
exports.$resolve = $resolve;
exports.DeployError = DeployError;
exports.OUTCOMES = OUTCOMES;
exports.REDIS_URL_RULE = REDIS_URL_RULE;
exports.__callDispose = __callDispose;
exports.__commonJS = __commonJS;
exports.__esm = __esm;
exports.__export = __export;
exports.__require = __require;
exports.__toCommonJS = __toCommonJS;
exports.__toESM = __toESM;
exports.__using = __using;
exports.actionsLog = actionsLog;
exports.asksFromHere = asksFromHere;
exports.assertApiKey = assertApiKey;
exports.basicHeader = basicHeader;
exports.describeAddress = describeAddress;
exports.describeHost = describeHost;
exports.fieldsOf = fieldsOf;
exports.formatDuration = formatDuration;
exports.gateKeys = gateKeys;
exports.gatePrefix = gatePrefix;
exports.group2 = group2;
exports.isSuccess = isSuccess;
exports.maskOf = maskOf;
exports.maskSecret = maskSecret;
exports.oneLine = oneLine;
exports.parseJson = parseJson;
exports.parseRedisUrl = parseRedisUrl;
exports.quote = quote;
exports.readMaskedPlan = readMaskedPlan;
exports.rememberHold = rememberHold;
exports.secretsOf = secretsOf;
exports.secretsOfRedisUrl = secretsOfRedisUrl;
