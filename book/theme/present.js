// The presenter view: `?present` shows the slides of a chapter one at a time, in large type, and `?notes` what the speaker
// says to each, in a second window that follows and leads. Slides are sections of the page itself, so their questions,
// pictures and terminals work as they do there. Without this script the page is the page.
(function () {
    "use strict";

    // Sizes of the type, in pixels of a screen of 1280 by 720. Code has 0.8 of that: 16 pixels at the least.
    const SIZES = [34, 30, 27, 24, 22, 20];
    const SCREEN = [1280, 720];
    // The smallest letters of a picture have 10 of its own units. So many pixels has a unit at the least where all of the
    // picture shows, and where it is too high and scrolls.
    const A_UNIT = 1.3;
    const A_SCROLLED_UNIT = 1.7;
    // So much shows of one that scrolls, in the same pixels.
    const PART_OF_PICTURE = 300;
    const DARK = ["coal", "navy", "ayu"];
    const KEYS = [
        ["→, Space, Page Down", "next slide"], ["←, Page Up", "slide before"], ["Home, End", "first, last slide"],
        ["n", "notes in a second window"], ["b", "black screen, and back"], ["t", "dark or light"],
        ["Esc", "back to the page, at this place"], ["?", "these keys"],
    ];

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

    // What is sent between the two windows: a slide's number, and whether it is a wish. Nothing else is taken.
    function send(partner, wish) {
        partner.postMessage({ whyThree: wish ? "go" : "at", slide: at }, ORIGIN);
    }

    function understood(event) {
        const data = event.data;
        const fine = data && ["go", "at"].includes(data.whyThree) && Number.isInteger(data.slide);
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

        // A picture that is too high for the screen scrolls in a box of its own.
        const pictures = Array.from(main.querySelectorAll("section.slide figure.picture svg"), function (svg) {
            const room = make("div", "picture-room");
            svg.replaceWith(room);
            room.append(svg);
            return svg;
        });

        // Shows the step that is gone through, where its picture scrolls.
        function follow(room) {
            const now = room.querySelector(".now");
            if (now) { now.scrollIntoView({ block: "nearest" }); }
        }

        function fits(slide, whole) {
            if (slide.scrollHeight > slide.clientHeight + 1) { return false; }
            return !whole || Array.from(slide.querySelectorAll("pre > code, .table-wrapper")).every(function (box) {
                return box.closest(".terminal") || box.scrollWidth <= box.clientWidth + 1;
            });
        }

        function size(slide, scrolled) {
            const pixel = Math.min(window.innerWidth / SCREEN[0], window.innerHeight / SCREEN[1]);
            pictures.filter(function (svg) { return slide.contains(svg); }).forEach(function (svg) {
                const room = svg.parentElement;
                const box = svg.viewBox.baseVal;
                const unit = Math.min((scrolled ? A_SCROLLED_UNIT : A_UNIT) * pixel, room.clientWidth / box.width);
                svg.style.setProperty("--least", box.height * unit + "px");
                room.style.setProperty("--least", (scrolled ? Math.min(box.height * unit, PART_OF_PICTURE * pixel) : box.height * unit) + "px");
            });
        }

        // The largest type with which the slide fits: with whole pictures and whole lines of code where that can be, else
        // with pictures that scroll, else with broken lines, too.
        function fit() {
            const slide = slides[at];
            const rooms = Array.from(slide.querySelectorAll(".picture-room"), function (room) { return [room, room.scrollTop]; });
            const found = [[false, true], [true, true], [true, false]].some(function (way) {
                root.classList.toggle("stage-broken", !way[1]);
                return SIZES.some(function (type) {
                    root.style.setProperty("--slide-size", type);
                    size(slide, way[0]);
                    return fits(slide, way[1]);
                });
            });
            // Nothing of it may be lost: what is too high scrolls.
            slide.classList.toggle("too-high", !found);
            // Trying has moved what scrolls.
            rooms.forEach(function (pair) {
                pair[0].scrollTop = pair[1];
                follow(pair[0]);
            });
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

        const actions = {
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
            if (target.closest(".picture-steps") && (event.key.startsWith("Arrow") || ["Home", "End", "Escape"].includes(event.key))) { return true; }
            if (target.closest("input[type=radio]") && event.key.startsWith("Arrow")) { return true; }
            return target.closest("a, button, summary, input") && [" ", "Enter"].includes(event.key);
        }

        function keys(event) {
            if (event.altKey || event.ctrlKey || event.metaKey || taken(event)) { return; }
            // The book turns its pages with some of these keys, and searches with others.
            event.stopImmediatePropagation();
            const to = led(event.key);
            if (to < 0 && !(event.key in actions)) { return; }
            event.preventDefault();
            // On a black screen any key brings the slide back, the same one.
            if (!black.hidden) {
                black.hidden = true;
            } else if (to >= 0) {
                show(to);
            } else {
                actions[event.key]();
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
            if (event.data.whyThree === "go" && root.classList.contains("presenting")) { show(event.data.slide); } else { send(notes, false); }
        });
        const before = location.hash.match(/^#slide-(\d+)$/);
        show(before ? Number(before[1]) - 1 : 0);
    }

    function speak() {
        const view = make("div", "notes-view");
        const clock = make("span", "notes-clock");
        const since = make("span", "");
        const times = make("p", "notes-times");
        const minutes = Array.from(document.querySelectorAll("main > p")).find(function (line) { return /^\d+ minutes/.test(line.textContent); });
        times.append(clock, since, make("span", "", minutes ? "planned: " + minutes.textContent : ""));
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
            since.textContent = "since the start: " + Math.floor(gone / 60) + ":" + two(gone % 60);
            alone.textContent = ledBy() ? "The keys work here, too." : "No slides are shown beside these notes.";
            // So the slides know this window again after they were loaded anew.
            if (ledBy()) { send(ledBy(), false); }
        }

        window.addEventListener("keydown", function (event) {
            const to = led(event.key);
            if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest && event.target.closest("a")) { return; }
            event.stopImmediatePropagation();
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
