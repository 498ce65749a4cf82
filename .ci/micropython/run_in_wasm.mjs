// Runs the portable tests in the 32-bit MicroPython, and weighs the core in its heap.
//
//   node run_in_wasm.mjs tests ROOT [FILE...] tests/portable/test_*.py, a fresh heap for each file
//   node run_in_wasm.mjs heap ROOT NAME...    imports the named packages from ROOT, module by module

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";

const HOME = "/lamppost";
const TEST_HEAP_BYTES = 4 * 1024 * 1024;
const CORE_HEAP_BYTES = 8 * 1024 * 1024; // one area, so that nothing is counted twice
// This build cannot collect garbage while Python runs, so each test is a call of its own, and the
// campaigns, which make gigabytes of it in one call, run on the unix port alone.
const CAMPAIGNS = [
    "test_no_cut_loses_what_was_acknowledged",
    "test_acknowledging_before_the_barrier_is_caught",
    "test_opening_a_segment_without_a_barrier_is_caught",
    "test_trying_a_failed_barrier_again_is_caught",
    "test_a_day_of_outage_arrives_once_and_in_order",
    "test_an_outbox_smaller_than_the_outage_keeps_what_matters_and_tells_the_rest",
    "test_kills_and_cuts_of_the_link_lose_no_accepted_event",
    "test_a_forgotten_move_is_stopped_on_the_wire_within_a_second",
];
const CAMPAIGN_FILE = "test_ring_storm.py"; // nothing but campaigns
const CODE_FOLDERS = ["firmware", "hal", "sim", "tests/portable", "tests/vectors"];
const CODE_ENDINGS = [".py", ".mpy", ".csv", ".bin", ".json", ".cbor"];

/** Starts an interpreter; its output goes to the returned list. */
async function start(heapsize) {
    const lines = [];
    const take = (line) => lines.push(line);
    const python = await loadMicroPython({ heapsize, stdout: take, stderr: take });
    return { python, lines };
}

/** Copies a folder of the host into the interpreter's own file system. */
function copy(python, root, folder) {
    python.FS.mkdirTree(`${HOME}/${folder}`);
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
        const path = `${folder}/${entry.name}`;
        if (/^(\.|__pycache__)/.test(entry.name)) continue;
        if (entry.isDirectory()) {
            copy(python, root, path);
        } else if (CODE_ENDINGS.some((ending) => entry.name.endsWith(ending))) {
            python.FS.writeFile(`${HOME}/${path}`, readFileSync(join(root, path)));
        }
    }
}

/** Runs one test file; returns [passed, failed] and prints what a failed test printed. */
async function runFile(root, name, text) {
    const { python, lines } = await start(TEST_HEAP_BYTES);
    for (const folder of CODE_FOLDERS) copy(python, root, folder);
    python.FS.chdir(HOME);
    let failure = "";
    const path = `${HOME}/tests/portable/${name}`;
    try {
        python.runPython(`import sys\nsys.path.insert(0, "${HOME}/tests/portable")\nimport gc, runner\n`);
        for (const [, test] of text.matchAll(/^def (test_\w+)\(/gm)) {
            if (CAMPAIGNS.includes(test)) continue;
            python.runPython(`runner.run("${HOME}", "${path}", "${test}")\ngc.collect()\n`);
        }
    } catch (error) {
        failure = String(error);
    }
    const count = (word) => lines.filter((line) => line.startsWith(`== ${word} `)).length;
    const failed = count("fail") + (failure ? 1 : 0);
    if (failed) console.log(`${name}:\n${lines.join("\n")}\n${failure}`);
    return [count("pass"), failed];
}

async function runTests(root, wanted) {
    const names = readdirSync(join(root, "tests/portable"))
        .filter((name) => /^test_.*\.py$/.test(name))
        .filter((name) => name !== CAMPAIGN_FILE && (!wanted.length || wanted.includes(name)));
    let passed = 0;
    let failed = 0;
    for (const name of names.sort()) {
        const text = readFileSync(join(root, "tests/portable", name), "utf-8");
        const [more, worse] = await runFile(root, name, text);
        passed += more;
        failed += worse;
    }
    console.log(`left to the unix port: ${CAMPAIGNS.length} campaigns, and those of ${CAMPAIGN_FILE}`);
    console.log(`32-bit: ${passed} passed, ${failed} failed, ${names.length} files`);
    return failed ? 1 : 0;
}

/** Lists the modules of a package, the package itself first. */
function modules(root, folder) {
    const found = [folder.replaceAll("/", ".")];
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
        if (/^[._]/.test(entry.name)) continue;
        if (entry.isDirectory()) found.push(...modules(root, `${folder}/${entry.name}`));
        else if (/\.(m?py)$/.test(entry.name)) {
            found.push(`${folder}/${entry.name.replace(/\.m?py$/, "")}`.replaceAll("/", "."));
        }
    }
    return found;
}

async function weigh(root, folders) {
    const { python, lines } = await start(CORE_HEAP_BYTES);
    for (const folder of new Set(folders.map((name) => name.split("/")[0]))) copy(python, root, folder);
    python.FS.chdir(HOME);
    python.runPython(
        `import gc, sys\nsys.path.insert(0, "${HOME}")\n` +
        "def weigh(name):\n    if name:\n        __import__(name)\n" +
        "    gc.collect()\n    return gc.mem_alloc()\n");
    const weighOne = (name) => {
        python.runPython(`now = weigh("${name}")`);
        return python.globals.get("now");
    };
    const first = weighOne("");
    let last = first;
    const report = {};
    for (const folder of folders) {
        const before = last;
        for (const name of modules(root, folder)) last = weighOne(name);
        report[folder] = last - before;
    }
    report.total = last - first;
    console.log(JSON.stringify(report));
    if (lines.length) console.error(lines.join("\n"));
    return 0;
}

const [what, root, ...names] = process.argv.slice(2);
try {
    process.exitCode = what === "tests" ? await runTests(root, names) : await weigh(root, names);
} catch (error) {
    console.error(String(error)); // the whole object would print the interpreter's source
    process.exitCode = 1;
}
