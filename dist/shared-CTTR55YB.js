import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);
import {
  DURATION_RULE,
  DeployError,
  REDIS_URL_RULE,
  formatDuration,
  parseDuration,
  parseRedisUrl,
  schemeOf,
  secretsOfRedisUrl
} from "./shared-V27K2465.js";

// node_modules/@actions/core/lib/command.js
import * as os from "os";

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
  process.stdout.write(cmd.toString() + os.EOL);
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

// node_modules/@actions/core/lib/file-command.js
import * as crypto from "crypto";
import * as fs from "fs";
import * as os2 from "os";
function issueFileCommand(command, message) {
  const filePath = process.env[`GITHUB_${command}`];
  if (!filePath) {
    throw new Error(`Unable to find environment variable for file command ${command}`);
  }
  if (!fs.existsSync(filePath)) {
    throw new Error(`Missing file at path: ${filePath}`);
  }
  fs.appendFileSync(filePath, `${toCommandValue(message)}${os2.EOL}`, {
    encoding: "utf8"
  });
}
function prepareKeyValueMessage(key, value) {
  const delimiter = `ghadelimiter_${crypto.randomUUID()}`;
  const convertedValue = toCommandValue(value);
  if (key.includes(delimiter)) {
    throw new Error(`Unexpected input: name should not contain the delimiter "${delimiter}"`);
  }
  if (convertedValue.includes(delimiter)) {
    throw new Error(`Unexpected input: value should not contain the delimiter "${delimiter}"`);
  }
  return `${key}<<${delimiter}${os2.EOL}${convertedValue}${os2.EOL}${delimiter}`;
}

// node_modules/@actions/core/lib/core.js
import * as os3 from "os";

// node_modules/@actions/core/lib/summary.js
import { EOL as EOL3 } from "os";
import { constants, promises } from "fs";
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
var { access, appendFile, writeFile } = promises;
var SUMMARY_ENV_VAR = "GITHUB_STEP_SUMMARY";
var Summary = class {
  constructor() {
    this._buffer = "";
  }
  /**
   * Finds the summary file path from the environment, rejects if env var is not found or file does not exist
   * Also checks r/w permissions.
   *
   * @returns step summary file path
   */
  filePath() {
    return __awaiter(this, void 0, void 0, function* () {
      if (this._filePath) {
        return this._filePath;
      }
      const pathFromEnv = process.env[SUMMARY_ENV_VAR];
      if (!pathFromEnv) {
        throw new Error(`Unable to find environment variable for $${SUMMARY_ENV_VAR}. Check if your runtime environment supports job summaries.`);
      }
      try {
        yield access(pathFromEnv, constants.R_OK | constants.W_OK);
      } catch (_a) {
        throw new Error(`Unable to access summary file: '${pathFromEnv}'. Check if the file has correct read/write permissions.`);
      }
      this._filePath = pathFromEnv;
      return this._filePath;
    });
  }
  /**
   * Wraps content in an HTML tag, adding any HTML attributes
   *
   * @param {string} tag HTML tag to wrap
   * @param {string | null} content content within the tag
   * @param {[attribute: string]: string} attrs key-value list of HTML attributes to add
   *
   * @returns {string} content wrapped in HTML element
   */
  wrap(tag, content, attrs = {}) {
    const htmlAttrs = Object.entries(attrs).map(([key, value]) => ` ${key}="${value}"`).join("");
    if (!content) {
      return `<${tag}${htmlAttrs}>`;
    }
    return `<${tag}${htmlAttrs}>${content}</${tag}>`;
  }
  /**
   * Writes text in the buffer to the summary buffer file and empties buffer. Will append by default.
   *
   * @param {SummaryWriteOptions} [options] (optional) options for write operation
   *
   * @returns {Promise<Summary>} summary instance
   */
  write(options) {
    return __awaiter(this, void 0, void 0, function* () {
      const overwrite = !!(options === null || options === void 0 ? void 0 : options.overwrite);
      const filePath = yield this.filePath();
      const writeFunc = overwrite ? writeFile : appendFile;
      yield writeFunc(filePath, this._buffer, { encoding: "utf8" });
      return this.emptyBuffer();
    });
  }
  /**
   * Clears the summary buffer and wipes the summary file
   *
   * @returns {Summary} summary instance
   */
  clear() {
    return __awaiter(this, void 0, void 0, function* () {
      return this.emptyBuffer().write({ overwrite: true });
    });
  }
  /**
   * Returns the current summary buffer as a string
   *
   * @returns {string} string of summary buffer
   */
  stringify() {
    return this._buffer;
  }
  /**
   * If the summary buffer is empty
   *
   * @returns {boolen} true if the buffer is empty
   */
  isEmptyBuffer() {
    return this._buffer.length === 0;
  }
  /**
   * Resets the summary buffer without writing to summary file
   *
   * @returns {Summary} summary instance
   */
  emptyBuffer() {
    this._buffer = "";
    return this;
  }
  /**
   * Adds raw text to the summary buffer
   *
   * @param {string} text content to add
   * @param {boolean} [addEOL=false] (optional) append an EOL to the raw text (default: false)
   *
   * @returns {Summary} summary instance
   */
  addRaw(text, addEOL = false) {
    this._buffer += text;
    return addEOL ? this.addEOL() : this;
  }
  /**
   * Adds the operating system-specific end-of-line marker to the buffer
   *
   * @returns {Summary} summary instance
   */
  addEOL() {
    return this.addRaw(EOL3);
  }
  /**
   * Adds an HTML codeblock to the summary buffer
   *
   * @param {string} code content to render within fenced code block
   * @param {string} lang (optional) language to syntax highlight code
   *
   * @returns {Summary} summary instance
   */
  addCodeBlock(code, lang) {
    const attrs = Object.assign({}, lang && { lang });
    const element = this.wrap("pre", this.wrap("code", code), attrs);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML list to the summary buffer
   *
   * @param {string[]} items list of items to render
   * @param {boolean} [ordered=false] (optional) if the rendered list should be ordered or not (default: false)
   *
   * @returns {Summary} summary instance
   */
  addList(items, ordered = false) {
    const tag = ordered ? "ol" : "ul";
    const listItems = items.map((item) => this.wrap("li", item)).join("");
    const element = this.wrap(tag, listItems);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML table to the summary buffer
   *
   * @param {SummaryTableCell[]} rows table rows
   *
   * @returns {Summary} summary instance
   */
  addTable(rows) {
    const tableBody = rows.map((row) => {
      const cells = row.map((cell) => {
        if (typeof cell === "string") {
          return this.wrap("td", cell);
        }
        const { header, data, colspan, rowspan } = cell;
        const tag = header ? "th" : "td";
        const attrs = Object.assign(Object.assign({}, colspan && { colspan }), rowspan && { rowspan });
        return this.wrap(tag, data, attrs);
      }).join("");
      return this.wrap("tr", cells);
    }).join("");
    const element = this.wrap("table", tableBody);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds a collapsable HTML details element to the summary buffer
   *
   * @param {string} label text for the closed state
   * @param {string} content collapsable content
   *
   * @returns {Summary} summary instance
   */
  addDetails(label, content) {
    const element = this.wrap("details", this.wrap("summary", label) + content);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML image tag to the summary buffer
   *
   * @param {string} src path to the image you to embed
   * @param {string} alt text description of the image
   * @param {SummaryImageOptions} options (optional) addition image attributes
   *
   * @returns {Summary} summary instance
   */
  addImage(src, alt, options) {
    const { width, height } = options || {};
    const attrs = Object.assign(Object.assign({}, width && { width }), height && { height });
    const element = this.wrap("img", null, Object.assign({ src, alt }, attrs));
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML section heading element
   *
   * @param {string} text heading text
   * @param {number | string} [level=1] (optional) the heading level, default: 1
   *
   * @returns {Summary} summary instance
   */
  addHeading(text, level) {
    const tag = `h${level}`;
    const allowedTag = ["h1", "h2", "h3", "h4", "h5", "h6"].includes(tag) ? tag : "h1";
    const element = this.wrap(allowedTag, text);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML thematic break (<hr>) to the summary buffer
   *
   * @returns {Summary} summary instance
   */
  addSeparator() {
    const element = this.wrap("hr", null);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML line break (<br>) to the summary buffer
   *
   * @returns {Summary} summary instance
   */
  addBreak() {
    const element = this.wrap("br", null);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML blockquote to the summary buffer
   *
   * @param {string} text quote text
   * @param {string} cite (optional) citation url
   *
   * @returns {Summary} summary instance
   */
  addQuote(text, cite) {
    const attrs = Object.assign({}, cite && { cite });
    const element = this.wrap("blockquote", text, attrs);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML anchor tag to the summary buffer
   *
   * @param {string} text link text/content
   * @param {string} href hyperlink
   *
   * @returns {Summary} summary instance
   */
  addLink(text, href) {
    const element = this.wrap("a", text, { href });
    return this.addRaw(element).addEOL();
  }
};
var _summary = new Summary();
var summary = _summary;

// node_modules/@actions/core/lib/core.js
var __awaiter2 = function(thisArg, _arguments, P, generator) {
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
  process.stdout.write(os3.EOL);
  issueCommand("set-output", { name }, toCommandValue(value));
}
function error(message, properties = {}) {
  issueCommand("error", toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
function warning(message, properties = {}) {
  issueCommand("warning", toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
function info(message) {
  process.stdout.write(message + os3.EOL);
}
function startGroup(name) {
  issue("group", name);
}
function endGroup() {
  issue("endgroup");
}
function group(name, fn) {
  return __awaiter2(this, void 0, void 0, function* () {
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

// src/one-line.ts
import { stripVTControlCharacters } from "node:util";
var LONGEST = 2e3;
var LOOKED_AT = 4;
var LOOKED_AT_MOST = 16384;
function oneLine(text, longest = LONGEST) {
  const beginning = text.slice(0, Math.min(LOOKED_AT * longest, LOOKED_AT_MOST));
  const plain = stripVTControlCharacters(beginning.toWellFormed()).replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "").trimEnd();
  const characters = [...plain];
  if (characters.length <= longest && beginning.length === text.length) return plain;
  return `${characters.slice(0, longest - 1).join("")}…`;
}

// src/action/escape.ts
function logLine(text) {
  return oneLine(text).replace(/^(\s*):(?=:)/, "$1: ").replaceAll("##[", "## [");
}
function markdown(text, longest = 300) {
  const escaped2 = oneLine(text, longest).trimStart().replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replace(/[\\`*_{}[\]()#+\-.!|~:$=]/g, (character) => `&#${character.charCodeAt(0)};`);
  return escaped2.replace(/www(?=&#46;)/gi, (www) => `&#${www.charCodeAt(0)};${www.slice(1)}`).replaceAll("@", "<span>@</span>");
}
function chartName(text) {
  return oneLine(text, 60).replace(/[^\p{L}\p{N} ._/=+-]/gu, " ").replace(/\s+/g, " ").trim() || "?";
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
  const known2 = Object.keys(DEFAULTS);
  return Object.keys(env).flatMap((variable) => {
    const given = /^INPUT_(.+)$/i.exec(variable)?.[1]?.toLowerCase();
    if (given === void 0 || Object.hasOwn(DEFAULTS, given)) return [];
    const meant = known2.find((name) => isClose(given.replaceAll("_", "-"), name));
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

export {
  summary,
  ExitCode,
  setOutput,
  oneLine,
  markdown,
  chartName,
  maskSecret,
  hideSecretsIn,
  actionsLog,
  annotateError,
  group2 as group,
  parseJson,
  fieldsOf,
  inertJson,
  quote,
  basicHeader,
  secretsOf,
  maskOf,
  assertApiKey,
  gatePrefix,
  gateKeys,
  readMaskedPlan,
  rememberHold,
  rememberEnd,
  recallHold
};
