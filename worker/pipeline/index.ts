// The order, and nothing else. Each stage asks a noun in lib/domain and writes in the one transaction.
import { classify } from "./classify.ts";
import { deduplicate } from "./deduplicate.ts";
import { detect } from "./detect.ts";
import type { Stage } from "./passage.ts";
import { resolve } from "./resolve.ts";
import { route } from "./route.ts";
import { suppress } from "./suppress.ts";

export const PIPELINE: readonly Stage[] = [detect, classify, deduplicate, suppress, route, resolve];
