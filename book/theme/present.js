// The presenter view: `?present` shows the slides of a chapter one at a time, in large type, and `?notes` what the speaker
// says to each, in a second window that follows and leads. Slides are sections of the page itself, so their questions,
// pictures and terminals work as they do there. Without this script the page is the page.
(function () {
    "use strict";

    // Where the browser keeps which workshop is given.
    const PLAN = "why-three-plan";
    const DARK = ["coal", "navy", "ayu"];
    const KEYS = [
        ["→, Space, Page Down", "next slide"], ["←, Page Up", "slide before"], ["Home, End", "first, last slide"],
        ["↓, ↑", "through a picture, step by step; with Shift ten steps"],
        ["r", "run the program; stop it; back to the recording"], ["g", "Go's lines in place of ours, and back"],
        ["n", "notes in a second window"], ["b", "black screen, and back"], ["t", "dark or light"],
        ["Esc", "back to the page, at this place"], ["?", "these keys"],
    ];

    // The keys that act on the slide and work in the window of the notes, too.
    const ON_SLIDE = ["ArrowDown", "ArrowUp", "r", "g", "b", "t"];

    const root = document.documentElement;
    const slides = Array.from(document.querySelectorAll("main > section.slide"));
    const titles = document.querySelectorAll("main > h1");
    // The page for printing has all chapters, and nothing to present.
    if (slides.length === 0 || titles.length !== 1) { return; }
    const chapter = titles[0].textContent;
    const query = new URLSearchParams(location.search);
    // A page opened from disk has no origin that could be named.
    const ORIGIN = location.protocol === "file:" ? "*" : location.origin;
    let at = 0;

    function make(name, className, text) {
        const made = document.createElement(name);
        made.className = className;
        made.textContent = text || "";
        return made;
    }

    function titleOf(slide) {
        return slide.dataset.title;
    }

    function within(number) {
        return Math.max(0, Math.min(slides.length - 1, number));
    }

    // The slide that a key leads to; -1 where it leads nowhere.
    function led(key) {
        const steps = { ArrowRight: at + 1, " ": at + 1, PageDown: at + 1, ArrowLeft: at - 1, PageUp: at - 1, Home: 0, End: slides.length - 1 };
        return key in steps ? within(steps[key]) : -1;
    }

    function remember() {
        try { history.replaceState(null, "", "#slide-" + (at + 1)); } catch (e) { /* then a reload begins anew */ }
    }

    // What is sent between the two windows: a slide's number, and whether it is a wish; or a key of those that act on the
    // slide. Nothing else is taken.
    function send(partner, wish) {
        partner.postMessage({ whyThree: wish ? "go" : "at", slide: at }, ORIGIN);
    }

    function understood(event) {
        const data = event.data;
        if (!data) { return false; }
        const fine = data.whyThree === "key" ? ON_SLIDE.includes(data.key)
            : ["go", "at"].includes(data.whyThree) && Number.isInteger(data.slide);
        return fine && (ORIGIN === "*" || event.origin === ORIGIN);
    }

    function present() {
        const main = document.querySelector("main");
        const title = make("p", "stage-title");
        const foot = make("p", "stage-foot");
        const number = make("span", "stage-number");
        const said = make("span", "stage-said");
        foot.setAttribute("role", "status");
        foot.append(make("span", "", chapter), said, number);
        const black = make("div", "stage-black");
        black.hidden = true;
        const help = make("dialog", "stage-help");
        help.setAttribute("aria-label", "Keys");
        const list = make("dl", "");
        KEYS.forEach(function (pair) { list.append(make("dt", "", pair[0]), make("dd", "", pair[1])); });
        help.append(list);
        // The second window, once it has spoken.
        let notes = null;

        const fitting = whyThreeFit(main);

        function fit() {
            fitting(slides[at]);
        }

        let planned = false;
        const changes = new MutationObserver(function () {
            if (planned) { return; }
            planned = true;
            requestAnimationFrame(function () {
                planned = false;
                if (root.classList.contains("presenting")) { fit(); }
            });
        });

        function show(wanted) {
            at = within(wanted);
            slides.forEach(function (slide, i) { slide.classList.toggle("on-stage", i === at); });
            if (document.activeElement && !document.activeElement.checkVisibility()) { document.activeElement.blur(); }
            title.textContent = titleOf(slides[at]);
            number.textContent = at + 1 + " of " + slides.length;
            said.textContent = "";
            slides[at].scrollTop = 0;
            remember();
            fit();
            changes.disconnect();
            changes.observe(slides[at], { subtree: true, childList: true, attributes: true, attributeFilter: ["class", "hidden", "open"] });
            if (notes) { send(notes, false); }
        }

        function leave() {
            root.classList.remove("presenting", "stage-broken");
            document.querySelectorAll(".shows-go").forEach(function (walk) { walk.classList.remove("shows-go"); });
            changes.disconnect();
            window.removeEventListener("keydown", keys, true);
            window.removeEventListener("resize", fit);
            [title, foot, black, help].forEach(function (element) { element.remove(); });
            try { history.replaceState(null, "", location.pathname); } catch (e) { /* then the address stays */ }
            slides[at].scrollIntoView();
        }

        function openNotes() {
            const opened = window.open(location.pathname + "?notes", "why-three-notes", "popup,width=900,height=640");
            if (!opened) { said.textContent = "The browser opens no second window."; }
        }

        function toggleTheme() {
            const dark = DARK.some(function (name) { return root.classList.contains(name); });
            document.getElementById(dark ? "mdbook-theme-light" : "mdbook-theme-navy").click();
        }

        // Goes through the picture of the slide by so many steps; back from all of it leads to the last step.
        function step(forward, steps) {
            const bar = slides[at].querySelector(".picture-steps");
            if (!bar) { return; }
            const stepping = bar.closest("figure").classList.contains("stepping");
            const key = forward ? "ArrowRight" : stepping ? "ArrowLeft" : "End";
            for (let i = 0; i < (key === "End" ? 1 : steps); i += 1) {
                bar.firstChild.dispatchEvent(new KeyboardEvent("keydown", { key: key, bubbles: true }));
            }
        }

        // Runs the program whose output the slide shows. Pressed again it stops that, and then brings the recording back.
        function run() {
            const figure = slides[at].querySelector("figure.output[data-run]");
            if (!figure) { return; }
            const [stop, close] = figure.querySelectorAll(".terminal-head button");
            const open = !figure.querySelector(".terminal").hidden;
            const next = !open ? figure.querySelector(".run-bar button") : stop.hidden ? close : stop;
            next.click();
        }

        // Go's lines come from the Go of whoever serves the book.
        function turn() {
            const walks = Array.from(slides[at].querySelectorAll(".walk"));
            if (walks.length > 0 && !slides[at].querySelector(".go-lines")) {
                said.textContent = "Go's lines are here where the lab serves the book, and finds a Go.";
            }
            walks.filter(function (walk) { return walk.querySelector(".go-lines"); }).forEach(function (walk) {
                walk.classList.toggle("shows-go");
            });
        }

        const actions = {
            ArrowDown: function (shift) { step(true, shift ? 10 : 1); },
            ArrowUp: function (shift) { step(false, shift ? 10 : 1); },
            g: turn,
            r: run,
            n: openNotes,
            b: function () { black.hidden = !black.hidden; },
            t: toggleTheme,
            Escape: leave,
            "?": function () { if (help.open) { help.close(); } else { help.showModal(); } },
        };

        // Whether a control on the slide has a use for the key.
        function taken(event) {
            const target = event.target;
            if (help.open) { return event.key !== "?"; }
            if (!target.closest) { return false; }
            if (target.closest("input:not([type=radio]), textarea, select")) { return true; }
            // What scrolls is scrolled with the keys that go up and down.
            if (target.closest("pre, .table-wrapper") && ["ArrowUp", "ArrowDown"].includes(event.key)) { return true; }
            if (target.closest(".picture-steps") && (event.key.startsWith("Arrow") || ["Home", "End", "Escape"].includes(event.key))) { return true; }
            if (target.closest("input[type=radio]") && event.key.startsWith("Arrow")) { return true; }
            return target.closest("a, button, summary, input") && [" ", "Enter"].includes(event.key);
        }

        function keys(event) {
            if (event.altKey || event.ctrlKey || event.metaKey || taken(event)) { return; }
            // The book turns its pages with some of these keys, and searches with others.
            event.stopImmediatePropagation();
            if (led(event.key) < 0 && !(event.key in actions)) { return; }
            event.preventDefault();
            act(event.key, event.shiftKey);
        }

        function act(key, shift) {
            const to = led(key);
            // On a black screen any key brings the slide back, the same one.
            if (!black.hidden) {
                black.hidden = true;
            } else if (to >= 0) {
                show(to);
            } else {
                actions[key](shift);
            }
        }

        root.classList.add("presenting");
        document.body.append(title, foot, black, help);
        window.addEventListener("keydown", keys, true);
        window.addEventListener("resize", fit);
        window.addEventListener("message", function (event) {
            // Only a window that was opened from here may lead.
            if (!understood(event) || !event.source || event.source.opener !== window) { return; }
            notes = event.source;
            const presenting = root.classList.contains("presenting");
            const sent = event.data;
            if (sent.whyThree === "go" && presenting) {
                show(sent.slide);
            } else if (sent.whyThree === "key" && presenting) {
                act(sent.key, sent.shift === true);
            } else {
                send(notes, false);
            }
        });
        const before = location.hash.match(/^#slide-(\d+)$/);
        show(before ? Number(before[1]) - 1 : 0);
    }

    // The minutes of the chapter, of which the page has a line: alone, and in each workshop that gives it.
    function planned() {
        const line = Array.from(document.querySelectorAll("main > p"), function (one) { return one.textContent; })
            .find(function (text) { return /^\d+ minutes/.test(text); }) || "";
        const plans = Array.from(line.matchAll(/(\d+) (?:in the ([^,)]+)|minutes)/g), function (found) {
            return { name: found[2] || "alone", minutes: Number(found[1]) };
        });
        const label = make("label", "", plans.length > 0 ? "planned: " : "");
        const select = make("select", "");
        plans.forEach(function (one) { select.append(make("option", "", one.name + ", " + one.minutes + " minutes")); });
        if (plans.length > 0) { label.append(select); }
        // Whoever gives a workshop gives more than one chapter of it.
        let name = null;
        try { name = localStorage.getItem(PLAN); } catch (e) { /* then it is chosen anew */ }
        select.selectedIndex = Math.max(0, plans.findIndex(function (one) { return one.name === name; }));
        select.addEventListener("change", function () {
            try { localStorage.setItem(PLAN, plans[select.selectedIndex].name); } catch (e) { /* see above */ }
        });
        return { label: label, minutes: function () { return plans.length > 0 ? plans[select.selectedIndex].minutes : null; } };
    }

    function speak() {
        const view = make("div", "notes-view");
        const clock = make("span", "notes-clock");
        const since = make("span", "");
        const times = make("p", "notes-times");
        const plan = planned();
        times.append(clock, since, plan.label);
        const title = make("h1", "");
        title.setAttribute("role", "status");
        const words = make("div", "notes-words");
        const next = make("p", "notes-next");
        const alone = make("p", "notes-alone");
        view.append(times, title, words, next, alone);
        const begin = Date.now();

        function two(number) {
            return String(number).padStart(2, "0");
        }

        function show(wanted) {
            at = within(wanted);
            title.textContent = at + 1 + " of " + slides.length + ": " + titleOf(slides[at]);
            words.replaceChildren();
            slides[at].querySelectorAll("template.slide-note").forEach(function (note) { words.append(note.content.cloneNode(true)); });
            next.textContent = at + 1 < slides.length ? "Next: " + titleOf(slides[at + 1]) : "This is the last slide.";
        }

        function ledBy() {
            return window.opener && !window.opener.closed ? window.opener : null;
        }

        function tick() {
            const now = new Date();
            const gone = Math.floor((Date.now() - begin) / 1000);
            clock.textContent = two(now.getHours()) + ":" + two(now.getMinutes());
            const minutes = plan.minutes();
            const all = minutes === null ? "" : " of " + minutes + ":00";
            since.textContent = "since the start: " + Math.floor(gone / 60) + ":" + two(gone % 60) + all;
            since.classList.toggle("notes-over", minutes !== null && gone > 60 * minutes);
            alone.textContent = ledBy() ? "The keys work here, too." : "No slides are shown beside these notes.";
            // So the slides know this window again after they were loaded anew.
            if (ledBy()) { send(ledBy(), false); }
        }

        window.addEventListener("keydown", function (event) {
            const to = led(event.key);
            if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest && event.target.closest("a, select")) { return; }
            event.stopImmediatePropagation();
            if (ON_SLIDE.includes(event.key) && ledBy()) {
                event.preventDefault();
                ledBy().postMessage({ whyThree: "key", key: event.key, shift: event.shiftKey }, ORIGIN);
                return;
            }
            if (to < 0) { return; }
            event.preventDefault();
            show(to);
            if (ledBy()) { send(ledBy(), true); }
        }, true);
        window.addEventListener("message", function (event) {
            if (understood(event) && event.source === ledBy() && event.data.whyThree === "at") { show(event.data.slide); }
        });
        root.classList.add("speaking");
        document.title = "Notes: " + chapter;
        document.body.append(view);
        show(0);
        tick();
        setInterval(tick, 1000);
    }

    const way = make("p", "present-link");
    const link = make("a", "", "Present");
    link.href = "?present";
    way.append(link, " this chapter: " + slides.length + (slides.length === 1 ? " slide" : " slides"));
    titles[0].after(way);

    if (query.has("present")) { present(); } else if (query.has("notes")) { speak(); }
})();
