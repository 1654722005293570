// Terminals: every recorded output gets a button that runs its program again. Where the lab serves the book, the lab runs
// it and sends what it prints, line by line. Elsewhere the recording is played, and said to be one. Without this script
// the recording is all there is.
(function () {
    "use strict";

    // A recording is played this fast, and a long one faster, in milliseconds.
    const A_LINE = 60;
    const ALL_LINES = 3000;
    // The lab puts it into the pages that it serves, anew at each start.
    const token = document.querySelector("meta[name=lab-token]");
    const still = window.matchMedia("(prefers-reduced-motion: reduce)");

    function make(name, className, text) {
        const made = document.createElement(name);
        made.className = className;
        made.textContent = text || "";
        return made;
    }

    function button(text) {
        const made = make("button", "", text);
        made.type = "button";
        return made;
    }

    // How a run was over, in words. What is not among them is no end of a run.
    const WORDS = {
        exited: function (end) { return "Exit code " + end.code + ", " + end.seconds.toFixed(2) + " s."; },
        killed: function () { return "A signal has ended it."; },
        too_long: function (end) { return "It did not end within " + end.limit + " s, and was ended."; },
        too_much: function (end) { return "It printed more than " + end.limit + " bytes, and was ended."; },
        not_built: function () { return "It does not compile."; },
        no_cargo: function () { return "There is no cargo here to build it."; },
        not_started: function (end) { return "It could not be started: " + end.why + "."; },
        stopped: function () { return "The lab has ended, and with it the program."; },
    };

    function prepare(figure) {
        const recorded = figure.querySelector("pre code");
        const command = figure.querySelector("figcaption").textContent;
        const bar = make("p", "run-bar");
        const run = button(token ? "Run" : "Replay");
        run.setAttribute("aria-label", run.textContent + ": " + command);
        bar.append(run);

        const pane = make("div", "terminal");
        pane.hidden = true;
        pane.setAttribute("role", "group");
        pane.setAttribute("aria-label", "Terminal: " + command);
        const status = make("span", "terminal-status");
        status.setAttribute("role", "status");
        const stop = button("Stop");
        const close = button("Close");
        const head = make("p", "terminal-head");
        head.append(make("code", "", command), status, stop, close);
        const screen = make("pre", "");
        screen.tabIndex = 0;
        screen.setAttribute("aria-label", "What it printed");
        const text = make("code", "hljs");
        screen.append(text);
        const verdict = make("p", "terminal-verdict");
        verdict.setAttribute("role", "status");
        pane.append(head, screen, verdict);
        figure.append(bar, pane);

        // Ends what is under way; null when nothing is.
        let end = null;

        function print(piece, className) {
            text.append(className ? make("span", className, piece) : piece);
            screen.scrollTop = screen.scrollHeight;
        }

        function over(words) {
            end = null;
            run.disabled = false;
            stop.hidden = true;
            status.textContent = "";
            verdict.textContent = words;
        }

        // Plays the recording; `why` says why it is not the program.
        function replay(why) {
            const lines = recorded.textContent.replace(/\n$/, "").split("\n");
            const pause = still.matches ? 0 : Math.min(A_LINE, ALL_LINES / lines.length);
            let next = 0;
            status.textContent = "recording";
            verdict.textContent = "";
            text.replaceChildren();
            function finish(words) { over(why + " " + words); }
            if (pause === 0) {
                print(lines.join("\n") + "\n");
                finish("This is the recording.");
                return;
            }
            const timer = setInterval(function () {
                print(lines[next] + "\n");
                next += 1;
                if (next === lines.length) {
                    clearInterval(timer);
                    finish("This is the recording.");
                }
            }, pause);
            end = function () {
                clearInterval(timer);
                finish("This is a part of the recording.");
            };
        }

        function ended(event) {
            const words = WORDS[event.how](event);
            if (event.how === "no_cargo") {
                replay(words);
                return;
            }
            const same = event.same === null ? "" : event.same ? " It printed what was recorded." : " It printed something else than what was recorded (-: recorded, +: now):";
            over(words + same);
            if (event.difference) { verdict.append(make("pre", "", event.difference)); }
        }

        function hear(event) {
            if (event.event === "building") { status.textContent = "building"; }
            if (event.event === "running") {
                status.textContent = "running";
                text.replaceChildren();
            }
            if (event.event === "out") { print(event.text); }
            if (event.event === "err") { print(event.text, "terminal-err"); }
            if (event.event === "end") { ended(event); }
        }

        // Hands over each whole line of the answer.
        function lines(reader, decoder, rest) {
            return reader.read().then(function (piece) {
                const parts = (rest + decoder.decode(piece.value || new Uint8Array(), { stream: !piece.done })).split("\n");
                rest = parts.pop();
                parts.forEach(function (part) { hear(JSON.parse(part)); });
                return piece.done ? null : lines(reader, decoder, rest);
            });
        }

        function live() {
            const request = new AbortController();
            let stopped = false;
            end = function () {
                stopped = true;
                request.abort();
                over("Stopped.");
            };
            const mine = end;
            status.textContent = "asking the lab";
            text.replaceChildren();
            fetch("/run/" + figure.dataset.run, {
                method: "POST",
                headers: { "content-type": "application/json", "x-lab-token": token.content },
                signal: request.signal,
            }).then(function (answer) {
                if (answer.ok) { return lines(answer.body.getReader(), new TextDecoder(), ""); }
                return answer.text().then(function (words) { over("Not run: " + words.trim() + "."); });
            }).then(
                function () { if (end === mine) { over("The lab has gone away."); } },
                function () { if (!stopped) { replay("The lab does not answer."); } }
            );
        }

        run.addEventListener("click", function () {
            run.disabled = true;
            stop.hidden = false;
            pane.hidden = false;
            verdict.textContent = "";
            if (token) { live(); } else { replay("This book is not served by the lab."); }
        });
        stop.addEventListener("click", function () {
            if (end) { end(); }
            run.focus();
        });
        close.addEventListener("click", function () {
            if (end) { end(); }
            pane.hidden = true;
            run.focus();
        });
    }

    document.querySelectorAll("figure.output[data-run]").forEach(prepare);
})();
