// Walks: one version of Go is shown at a time, the same in all walks of the book. Without this script all show.
(function () {
    "use strict";

    const KEY = "why-three-go";

    // Storage may be forbidden, as it is for some pages opened from disk.
    function load() {
        try { return localStorage.getItem(KEY); } catch (e) { return null; }
    }

    function store(version) {
        try { localStorage.setItem(KEY, version); } catch (e) { /* then it is forgotten with the page */ }
    }

    const walks = Array.from(document.querySelectorAll(".walk")).map(function (walk) {
        const panels = Array.from(walk.querySelectorAll(".walk-version"));
        const group = document.createElement("div");
        group.className = "walk-switch";
        group.setAttribute("role", "group");
        group.setAttribute("aria-label", "Version of Go");
        const buttons = panels.map(function (panel) {
            const button = document.createElement("button");
            button.type = "button";
            button.textContent = panel.dataset.version;
            button.addEventListener("click", function () {
                const before = walk.getBoundingClientRect().top;
                store(panel.dataset.version);
                choose(panel.dataset.version);
                // The walks above have changed their height, too.
                window.scrollBy(0, walk.getBoundingClientRect().top - before);
            });
            group.append(button);
            return button;
        });
        walk.querySelector(".walk-func").after(group);

        function show(chosen) {
            panels.forEach(function (panel, i) {
                panel.hidden = panel !== chosen;
                buttons[i].setAttribute("aria-pressed", String(panel === chosen));
            });
        }

        return {
            // A walk without that version goes on showing what it shows.
            choose: function (version) {
                const panel = panels.find(function (panel) { return panel.dataset.version === version; });
                if (panel) { show(panel); }
            },
            // Where the reader's own Go has lines those come first, else the newest version of the book.
            start: function () {
                const books = panels.filter(function (panel) { return !panel.closest("[data-go-lines]"); });
                const own = function (panel) { return panel.querySelector(".go-lines"); };
                show(books.filter(own).pop() || panels.filter(own).pop() || books.pop());
            },
        };
    });

    function choose(version) {
        walks.forEach(function (walk) { walk.choose(version); });
    }

    walks.forEach(function (walk) { walk.start(); });
    const before = load();
    if (before) { choose(before); }
})();
