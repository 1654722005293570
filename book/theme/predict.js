// Predictions: the reasons stay hidden until the reader has committed to an answer. What was answered
// is kept in this browser only. Without this script everything shows.
(function () {
    "use strict";

    const PREFIX = "why-three-predict-";

    // Storage may be forbidden, as it is for some pages opened from disk.
    function load(id) {
        try { return localStorage.getItem(PREFIX + id); } catch (e) { return null; }
    }

    function store(id, value) {
        try {
            if (value === null) { localStorage.removeItem(PREFIX + id); } else { localStorage.setItem(PREFIX + id, value); }
        } catch (e) { /* then it is forgotten with the page */ }
    }

    function button(text) {
        const made = document.createElement("button");
        made.type = "button";
        made.textContent = text;
        return made;
    }

    function prepare(box) {
        const id = box.dataset.id;
        const inputs = Array.from(box.querySelectorAll("input[type=radio]"));
        const right = box.querySelector(".predict-right input").value;
        const verdict = box.querySelector(".predict-verdict");
        const commit = button("That is my prediction");
        const again = button("Predict again");
        const buttons = document.createElement("p");
        buttons.append(commit, again);
        verdict.before(buttons);

        function chosen() {
            return inputs.find(function (input) { return input.checked; });
        }

        function open() {
            box.classList.add("predict-open");
            inputs.forEach(function (input) { input.disabled = false; });
            commit.hidden = false;
            commit.disabled = !chosen();
            again.hidden = true;
            verdict.textContent = "";
        }

        function reveal(value) {
            box.classList.remove("predict-open");
            inputs.forEach(function (input) {
                input.checked = input.value === value;
                input.disabled = true;
            });
            commit.hidden = true;
            again.hidden = false;
            verdict.textContent = value === right
                ? "You said " + value + ", and " + right + " is what the run printed."
                : "You said " + value + ". The run printed " + right + ".";
        }

        inputs.forEach(function (input) {
            input.addEventListener("change", function () { commit.disabled = false; });
            // The arrow keys choose an option here; the book turns pages with them.
            input.addEventListener("keydown", function (event) {
                if (event.key.startsWith("Arrow")) { event.stopPropagation(); }
            });
        });
        commit.addEventListener("click", function () {
            const input = chosen();
            store(id, input.value);
            reveal(input.value);
            again.focus();
        });
        again.addEventListener("click", function () {
            store(id, null);
            inputs.forEach(function (input) { input.checked = false; });
            open();
            inputs[0].focus();
        });

        const before = load(id);
        if (inputs.some(function (input) { return input.value === before; })) { reveal(before); } else { open(); }
    }

    document.querySelectorAll(".predict").forEach(prepare);

    // Paper has no triangles to press.
    window.addEventListener("beforeprint", function () {
        document.querySelectorAll("main details").forEach(function (details) { details.open = true; });
    });
})();
