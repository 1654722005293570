// Pictures, step by step: buttons, or the arrow keys on them, go through a picture and its words together.
// Before the first step, without this script and on paper, all of the picture shows.
(function () {
    "use strict";

    function button(text, label) {
        const made = document.createElement("button");
        made.type = "button";
        made.textContent = text;
        made.setAttribute("aria-label", label);
        return made;
    }

    function prepare(figure) {
        const lines = Array.from(figure.querySelectorAll("details li"));
        const groups = figure.querySelectorAll("[data-step]");
        if (groups.length === 0 || lines.length === 0) { return; }
        let now = 0;

        const bar = document.createElement("div");
        bar.className = "picture-steps";
        bar.setAttribute("role", "group");
        bar.setAttribute("aria-label", "Steps of the picture");
        const previous = button("◀", "Previous step");
        const next = button("▶", "Next step");
        const all = button("All", "All steps");
        const place = document.createElement("span");
        bar.append(previous, next, all, place);
        const said = document.createElement("p");
        said.className = "picture-now";
        said.setAttribute("role", "status");
        figure.querySelector("svg").after(bar, said);

        function go(step) {
            now = Math.max(0, Math.min(lines.length, step));
            figure.classList.toggle("stepping", now > 0);
            groups.forEach(function (group) {
                const at = Number(group.dataset.step);
                group.classList.toggle("now", at === now);
                group.classList.toggle("later", now > 0 && at > now);
            });
            lines.forEach(function (line, i) {
                if (i + 1 === now) { line.setAttribute("aria-current", "step"); } else { line.removeAttribute("aria-current"); }
            });
            place.textContent = now > 0 ? now + " of " + lines.length : lines.length + (lines.length === 1 ? " step" : " steps");
            said.replaceChildren();
            if (now > 0) { lines[now - 1].childNodes.forEach(function (node) { said.append(node.cloneNode(true)); }); }
            // A disabled button loses the keyboard, so those at an end stay and do nothing.
            previous.setAttribute("aria-disabled", String(now === 0));
            next.setAttribute("aria-disabled", String(now === lines.length));
            all.setAttribute("aria-disabled", String(now === 0));
        }

        previous.addEventListener("click", function () { go(now - 1); });
        next.addEventListener("click", function () { go(now + 1); });
        all.addEventListener("click", function () { go(0); });
        bar.addEventListener("keydown", function (event) {
            const steps = { ArrowLeft: now - 1, ArrowUp: now - 1, ArrowRight: now + 1, ArrowDown: now + 1, Home: 1, End: lines.length, Escape: 0 };
            if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) { return; }
            // The book would turn the page.
            event.preventDefault();
            event.stopPropagation();
            go(steps[event.key]);
        });
        go(0);
    }

    document.querySelectorAll("figure.picture").forEach(prepare);
})();
