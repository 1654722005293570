// How a slide fits the screen: its pictures, words and code get the size with which nothing of it is lost. theme/present.js
// asks for that whenever something on a slide has changed.
//
// `whyThreeFit(main)` puts each picture of a slide into a box in which it can scroll, and returns what makes a slide fit.
window.whyThreeFit = (function () {
    "use strict";

    // Sizes of the words and of the code, in pixels of a screen of 1280 by 720.
    const WORDS = [34, 30, 27, 24, 22, 20];
    const CODE = [28, 26, 24, 22, 20, 19, 18, 17, 16];
    const SCREEN = [1280, 720];
    // The words of a picture have 11 of its own units. So many pixels has a unit at the least where all of the picture
    // shows, and where it is too high and scrolls.
    const A_UNIT = 1.45;
    const A_SCROLLED_UNIT = 2;
    // So much shows of one that scrolls, in the same pixels.
    const PART_OF_PICTURE = 300;
    // Above this line of a picture with lanes stand their names, in units of the picture.
    const LANE_NAMES = 34;
    const root = document.documentElement;

    return function (main) {
        // A picture that is too high for the screen scrolls in a box of its own.
        const pictures = Array.from(main.querySelectorAll("section.slide figure.picture svg"), function (svg) {
            const room = document.createElement("div");
            room.className = "picture-room";
            svg.replaceWith(room);
            room.append(svg);
            if (svg.matches(".lanes, .baton")) { room.prepend(namesOf(svg)); }
            return svg;
        });

        // The names of the lanes, which stay in sight while the picture scrolls.
        function namesOf(svg) {
            const names = svg.cloneNode(false);
            names.classList.add("lane-names");
            names.setAttribute("viewBox", "0 0 " + svg.viewBox.baseVal.width + " " + LANE_NAMES);
            names.setAttribute("aria-hidden", "true");
            svg.querySelectorAll(":scope > text").forEach(function (text) { names.append(text.cloneNode(true)); });
            return names;
        }

        // Shows the step that is gone through, where its picture scrolls.
        function follow(room) {
            const now = room.querySelector(".now");
            if (now) { now.scrollIntoView({ block: "nearest" }); }
        }

        function fits(slide, way) {
            if (slide.scrollHeight > slide.clientHeight + 1) { return false; }
            const low = Array.from(slide.querySelectorAll(".walk-go pre")).some(function (box) { return box.scrollHeight > box.clientHeight + 1; });
            if (low && !way.scrolled) { return false; }
            return !way.whole || Array.from(slide.querySelectorAll("pre > code, .table-wrapper")).every(function (box) {
                return box.scrollWidth <= box.clientWidth + 1;
            });
        }

        function size(slide, scrolled) {
            const pixel = Math.min(window.innerWidth / SCREEN[0], window.innerHeight / SCREEN[1]);
            pictures.filter(function (svg) { return slide.contains(svg); }).forEach(function (svg) {
                const room = svg.parentElement;
                const box = svg.viewBox.baseVal;
                const unit = Math.min((scrolled ? A_SCROLLED_UNIT : A_UNIT) * pixel, room.clientWidth / box.width);
                room.classList.toggle("scrolls", scrolled);
                room.style.setProperty("--names", LANE_NAMES * unit + "px");
                svg.style.setProperty("--least", box.height * unit + "px");
                room.style.setProperty("--least", (scrolled ? Math.min(box.height * unit, PART_OF_PICTURE * pixel) : box.height * unit) + "px");
            });
        }

        // What each slide had before a terminal was opened on it: it shall have no more while its lines come in.
        const recorded = new WeakMap();

        // The largest words and code with which the slide fits: with whole pictures, all of Go's lines and no line broken
        // where that can be, else with what scrolls, else with broken lines, too.
        function fit(slide) {
            const rooms = Array.from(slide.querySelectorAll(".picture-room"), function (room) { return [room, room.scrollTop]; });
            const most = slide.querySelector(".terminal:not([hidden])") && recorded.get(slide) || { words: WORDS[0], code: CODE[0] };
            const words = WORDS.filter(function (one) { return one <= most.words; });
            const codes = CODE.filter(function (one) { return one <= most.code; });
            const least = CODE[CODE.length - 1];
            let has = { words: WORDS[WORDS.length - 1], code: least };

            function set(tried) {
                root.style.setProperty("--slide-size", tried.words);
                root.style.setProperty("--code-size", tried.code);
            }

            // Whether the slide fits with these sizes, in this way; if so it keeps them.
            function fine(way, words, code) {
                const tried = { words: words, code: code };
                set(tried);
                size(slide, way.scrolled);
                const fitting = fits(slide, way);
                if (fitting) { has = tried; }
                return fitting;
            }

            const ways = [{ scrolled: false, whole: true }, { scrolled: true, whole: true }, { scrolled: true, whole: false }];
            const found = ways.some(function (way) {
                root.classList.toggle("stage-broken", !way.whole);
                // First both in proportion, then each as far as the other lets it.
                const fitting = words.some(function (one) {
                    return fine(way, one, codes.find(function (code) { return code <= Math.max(0.8 * one, least); }));
                });
                if (!fitting) { return false; }
                const larger = codes.filter(function (code) { return code > has.code; });
                larger.some(function (code) { return fine(way, has.words, code); });
                const more = words.filter(function (one) { return one > has.words; });
                more.some(function (one) { return fine(way, one, has.code); });
                set(has);
                size(slide, way.scrolled);
                return true;
            });
            set(has);
            if (!slide.querySelector(".terminal:not([hidden])")) { recorded.set(slide, has); }
            // Nothing of it may be lost: what is too high scrolls.
            slide.classList.toggle("too-high", !found);
            // Trying has moved what scrolls.
            rooms.forEach(function (pair) {
                pair[0].scrollTop = pair[1];
                follow(pair[0]);
            });
        }

        return fit;
    };
})();
