/**
 * Lets plain Node run our TypeScript: `node --import ./install/typescript.mjs file.ts`. Newer Nodes strip types by themselves; for
 * an older one the `typescript` package does it, module by module. It checks no types; `npm run check` does.
 */
import { register } from "node:module";

if (!process.features.typescript) register("./typescript-hooks.mjs", import.meta.url);
