// Questions: the reasons stay hidden until the reader has committed to an answer. What was answered is kept in this
// browser only, all of it under one key. Without this script everything shows.
(function () {
    "use strict";

    const KEY = "why-three-answers";

    // Storage may be forbidden, as it is for some pages opened from disk. Then answers are forgotten with the page.
    let forgotten = {};

    function answers() {
        try { return asAnswers(JSON.parse(localStorage.getItem(KEY) || "{}")) || {}; } catch (e) { return forgotten; }
    }

    function keep(all) {
        forgotten = all;
        try { localStorage.setItem(KEY, JSON.stringify(all)); } catch (e) { /* see above */ }
    }

    // Question -> answer, both words; null for anything else.
    function asAnswers(value) {
        const fine = value && typeof value === "object" && !Array.isArray(value)
            && Object.values(value).every(function (answer) { return typeof answer === "string"; });
        return fine ? value : null;
    }

    function store(id, value) {
        const all = answers();
        if (value === null) { delete all[id]; } else { all[id] = value; }
        keep(all);
    }

    function button(text) {
        const made = document.createElement("button");
        made.type = "button";
        made.textContent = text;
        return made;
    }

    function prepare(box) {
        const id = box.dataset.id;
        const typed = "typed" in box.dataset;
        const measured = "measured" in box.dataset;
        const inputs = Array.from(box.querySelectorAll("input"));
        const options = Array.from(box.querySelectorAll(".predict-option"));
        const right = box.querySelector(".predict-right").dataset.value;
        const verdict = box.querySelector(".predict-verdict");
        const commit = button("That is my answer");
        const again = button("Answer again");
        const buttons = document.createElement("p");
        buttons.append(commit, again);
        verdict.before(buttons);

        function chosen() {
            if (typed) { return inputs[0].value.trim(); }
            const input = inputs.find(function (one) { return one.checked; });
            return input ? input.value : "";
        }

        function open() {
            box.classList.add("predict-open");
            inputs.forEach(function (input) { input.disabled = false; });
            commit.hidden = false;
            commit.disabled = !chosen();
            again.hidden = true;
            verdict.textContent = "";
        }

        function said(value) {
            if (value === right) { return "You said " + value + (measured ? ", and that is what was counted." : ", and so it is."); }
            return "You said " + value + (measured ? ". What was counted is " : ". It is ") + right + ".";
        }

        function reveal(value) {
            box.classList.remove("predict-open");
            inputs.forEach(function (input) {
                if (typed) { input.value = value; } else { input.checked = input.value === value; }
                input.disabled = true;
            });
            options.forEach(function (option) { option.classList.toggle("predict-mine", option.dataset.value === value); });
            commit.hidden = true;
            again.hidden = false;
            verdict.textContent = said(value);
        }

        function answer() {
            const value = chosen();
            if (!value) { return; }
            store(id, value);
            reveal(value);
            again.focus();
        }

        inputs.forEach(function (input) {
            input.addEventListener(typed ? "input" : "change", function () { commit.disabled = !chosen(); });
            input.addEventListener("keydown", function (event) {
                // The arrow keys choose an option or move in the text here; the book turns pages with them.
                if (event.key.startsWith("Arrow")) { event.stopPropagation(); }
                if (event.key === "Enter") { event.preventDefault(); answer(); }
            });
        });
        commit.addEventListener("click", answer);
        again.addEventListener("click", function () {
            store(id, null);
            inputs.forEach(function (input) { if (typed) { input.value = ""; } else { input.checked = false; } });
            open();
            inputs[0].focus();
        });

        const before = answers()[id];
        const known = typed || options.some(function (option) { return option.dataset.value === before; });
        if (before && known) { reveal(before); } else { open(); }
    }

    // The page with the answers: how many were given, and a way to take them along or to forget them.
    function shelf(place) {
        const solved = Array.from(document.querySelectorAll(".answer"));
        const count = document.createElement("p");
        count.setAttribute("role", "status");
        const save = button("Save my answers to a file");
        const take = document.createElement("input");
        take.type = "file";
        take.accept = ".json,application/json";
        const label = document.createElement("label");
        label.append("Take answers from a file: ", take);
        const forget = button("Forget my answers");
        const sure = button("Forget them all, for good");
        place.append(count, save, " ", forget, " ", sure, document.createElement("br"), label);

        function tell(more) {
            const all = answers();
            const given = solved.filter(function (one) { return one.dataset.id in all; });
            const right = given.filter(function (one) { return all[one.dataset.id] === one.dataset.value; });
            count.textContent = (more ? more + " " : "") + "You have answered " + given.length + " of " + solved.length
                + " questions, " + right.length + " of them right. That is kept in this browser only.";
            save.disabled = forget.disabled = given.length === 0;
            sure.hidden = true;
        }

        save.addEventListener("click", function () {
            const address = URL.createObjectURL(new Blob([JSON.stringify(answers(), null, 1)], { type: "application/json" }));
            const link = document.createElement("a");
            link.href = address;
            link.download = "why-three-answers.json";
            link.click();
            URL.revokeObjectURL(address);
        });
        take.addEventListener("change", function () {
            take.files[0].text().then(JSON.parse).then(asAnswers).catch(function () { return null; }).then(function (all) {
                if (all) { keep(Object.assign(answers(), all)); }
                tell(all ? "" : "That file has no answers.");
            });
        });
        forget.addEventListener("click", function () { sure.hidden = false; sure.focus(); });
        sure.addEventListener("click", function () { keep({}); tell("Forgotten."); take.focus(); });
        tell("");
    }

    document.querySelectorAll(".predict").forEach(prepare);
    document.querySelectorAll(".quiz-store").forEach(shelf);

    // Paper has no triangles to press.
    window.addEventListener("beforeprint", function () {
        document.querySelectorAll("main details").forEach(function (details) { details.open = true; });
    });
})();
