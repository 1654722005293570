// The search of this book. Its index is a script, too, which is loaded when somebody searches, so that it works from
// disk. How words are cut is what crates/lab/src/search/words.rs does.
(function () {
    "use strict";

    const SHOWN = 30;
    const HERE = document.currentScript.src;
    const ROOT = new URL("../", HERE);
    const HAN = /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]/;

    function keys(text) {
        const found = [];
        const runs = text.match(/[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|(?:(?![\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])[\p{L}\p{N}_]|(?<=[0-9])\.(?=[0-9]))+/gu) || [];
        runs.forEach(function (run) {
            if (HAN.test(run)) {
                if (run.length === 1) { found.push(run); }
                for (let i = 0; i + 1 < run.length; i += 1) { found.push(run.slice(i, i + 2)); }
                return;
            }
            const parts = run.replace(/(\p{Lu})(?=\p{Lu}\p{Ll})/gu, "$1_").replace(/([^\p{Lu}_])(?=\p{Lu})/gu, "$1_");
            const key = parts.toLowerCase().replace(/_+/g, "_").replace(/^_|_$/g, "");
            if (key) { found.push(key); }
        });
        return found;
    }

    function plain(word) {
        return word.replace(/_/g, "");
    }

    // How well a word of the book fits a key: the whole, from the beginning of a part, or from anywhere.
    function fit(word, key) {
        if (word === key) { return 1; }
        const whole = plain(word);
        const part = plain(key);
        if (whole === part) { return 0.95; }
        if (HAN.test(key)) { return key.length === 1 && word.includes(key) ? 0.7 : 0; }
        if (("_" + word).includes("_" + key)) { return 0.4 + 0.3 * (part.length / whole.length); }
        return part.length >= 3 && whole.includes(part) ? 0.3 : 0;
    }

    function find(index, query) {
        const wanted = keys(query);
        if (wanted.length === 0) { return []; }
        let scores = null;
        wanted.forEach(function (key) {
            const mine = new Map();
            Object.keys(index.words).forEach(function (word) {
                const quality = fit(word, key);
                if (quality === 0) { return; }
                const sections = index.words[word];
                // What is in every section tells little.
                const weight = quality * (1 + Math.log(index.sections.length / sections.length));
                sections.forEach(function (section) { mine.set(section, Math.max(mine.get(section) || 0, weight)); });
            });
            mine.forEach(function (score, section) {
                const inTitle = keys(index.sections[section][2]).reduce(function (best, word) { return Math.max(best, fit(word, key)); }, 0);
                mine.set(section, score + 8 * inTitle);
            });
            if (scores === null) {
                scores = mine;
            } else {
                const both = new Map();
                scores.forEach(function (score, section) {
                    if (mine.has(section)) { both.set(section, score + mine.get(section)); }
                });
                scores = both;
            }
        });
        return Array.from(scores).sort(function (a, b) { return b[1] - a[1] || a[0] - b[0]; }).map(function (pair) { return pair[0]; });
    }

    // What marks the keys in a text, whichever way their parts are written together.
    function pattern(query) {
        const parts = keys(query).map(function (key) {
            return key.split("").map(function (c) { return c === "_" ? "_?" : c.replace(/[.]/g, "\\."); }).join("_?");
        });
        return parts.length === 0 ? null : new RegExp("(" + parts.join("|") + ")", "giu");
    }

    function marked(text, query) {
        const out = document.createDocumentFragment();
        const marks = pattern(query);
        (marks ? text.split(marks) : [text]).forEach(function (piece, i) {
            if (i % 2 === 1) {
                const mark = document.createElement("mark");
                mark.textContent = piece;
                out.append(mark);
            } else {
                out.append(piece);
            }
        });
        return out;
    }

    function snippet(text, query) {
        const marks = pattern(query);
        const at = marks ? Math.max(text.search(marks), 0) : 0;
        const from = at < 50 ? 0 : text.indexOf(" ", at - 50) + 1 || at;
        const piece = text.slice(Math.min(from, at), at + 140);
        return (from > 0 ? "… " : "") + piece + (at + 140 < text.length ? " …" : "");
    }

    let loading = null;
    function load() {
        loading = loading || new Promise(function (done, failed) {
            const script = document.createElement("script");
            script.src = new URL("search-index.js", ROOT).href;
            script.onload = function () { done(window.whyThreeIndex); };
            script.onerror = function () { loading = null; failed(); };
            document.head.append(script);
        });
        return loading;
    }

    const dialog = document.createElement("dialog");
    dialog.className = "find";
    dialog.setAttribute("aria-label", "Search this book");
    const input = document.createElement("input");
    input.type = "search";
    input.placeholder = "Search: a word, a name of Go's or ours, a part of one";
    input.autocomplete = "off";
    input.spellcheck = false;
    Object.entries({
        "role": "combobox", "aria-label": "Search this book", "aria-autocomplete": "list", "aria-expanded": "false",
        "aria-controls": "find-list",
    }).forEach(function (pair) { input.setAttribute(pair[0], pair[1]); });
    const status = document.createElement("p");
    status.setAttribute("role", "status");
    const list = document.createElement("ul");
    list.id = "find-list";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Results");
    dialog.append(input, status, list);
    document.body.append(dialog);

    let active = -1;
    function choose(at) {
        const options = list.children;
        if (options.length === 0) { return; }
        if (options[active]) { options[active].setAttribute("aria-selected", "false"); }
        active = (at + options.length) % options.length;
        options[active].setAttribute("aria-selected", "true");
        options[active].scrollIntoView({ block: "nearest" });
        input.setAttribute("aria-activedescendant", options[active].id);
    }

    function close() {
        dialog.close();
        // Until the next frame the field would go on hearing keys.
        input.blur();
    }

    function go(at) {
        const option = list.children[at];
        if (!option) { return; }
        close();
        location.href = option.dataset.href;
    }

    function show(index, query) {
        const found = find(index, query);
        active = -1;
        input.removeAttribute("aria-activedescendant");
        input.setAttribute("aria-expanded", String(found.length > 0));
        list.replaceChildren.apply(list, found.slice(0, SHOWN).map(function (number, i) {
            const section = index.sections[number];
            const page = index.pages[section[0]];
            const option = document.createElement("li");
            option.id = "find-" + i;
            option.setAttribute("role", "option");
            option.setAttribute("aria-selected", "false");
            option.dataset.href = new URL(page[0] + (section[1] ? "#" + encodeURIComponent(section[1]) : ""), ROOT).href;
            const title = document.createElement("strong");
            title.append(marked(section[2], query));
            const where = document.createElement("span");
            where.className = "find-page";
            where.textContent = section[2] === page[1] ? "" : page[1];
            const text = document.createElement("span");
            text.className = "find-text";
            text.append(marked(snippet(section[3], query), query));
            option.append(title, where, text);
            option.addEventListener("click", function () { go(i); });
            return option;
        }));
        const many = found.length > SHOWN ? ", the first " + SHOWN + " of them here" : "";
        status.textContent = keys(query).length === 0 ? "" : found.length === 0 ? "Nothing found." : found.length === 1 ? "One section." : found.length + " sections" + many + ".";
    }

    function update() {
        const query = input.value;
        load().then(
            // Meanwhile more may have been typed; that has its own turn.
            function (index) { if (query === input.value) { show(index, query); } },
            function () { status.textContent = "The index is missing; cargo lab build makes it."; }
        );
    }

    function open() {
        if (!dialog.open) { dialog.showModal(); }
        input.select();
        input.focus();
        update();
    }

    input.addEventListener("input", update);
    dialog.addEventListener("keydown", function (event) {
        // The book turns its pages with the arrows, and has keys of its own.
        event.stopPropagation();
        if (event.isComposing) { return; }
        if (event.key === "ArrowDown") { choose(active + 1); event.preventDefault(); }
        if (event.key === "ArrowUp") { choose(active < 0 ? -1 : active - 1); event.preventDefault(); }
        if (event.key === "Enter") { go(Math.max(active, 0)); event.preventDefault(); }
        // A search field would only be emptied by it.
        if (event.key === "Escape") { close(); event.preventDefault(); }
    });
    dialog.addEventListener("click", function (event) {
        if (event.target === dialog) { close(); }
    });

    const button = document.createElement("button");
    button.type = "button";
    button.className = "icon-button find-button";
    button.title = "Search this book ( / or s )";
    button.setAttribute("aria-label", "Search this book");
    button.setAttribute("aria-keyshortcuts", "/ s");
    button.textContent = "Search";
    button.addEventListener("click", open);
    const bar = document.querySelector(".menu-bar .left-buttons");
    if (bar) { bar.append(button); }

    document.addEventListener("keydown", function (event) {
        const typing = event.target.closest && event.target.closest("input:not([type=radio]), textarea, select, [contenteditable]");
        if (event.altKey || event.ctrlKey || event.metaKey || typing || dialog.open) { return; }
        if (event.key === "/" || event.key === "s") { open(); event.preventDefault(); }
    });
})();
