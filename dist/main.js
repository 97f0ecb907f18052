import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);
import {
  runStep
} from "./shared-SU4FAHUF.js";
import "./shared-CTTR55YB.js";
import "./shared-V27K2465.js";

// src/action/main.ts
await runStep("main");
