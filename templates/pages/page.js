// Conveniences. Every page works without this script.
"use strict";
(() => {
    const all = (selector) => [...document.querySelectorAll(selector)];

    // Buttons reveal passwords. A password is hidden again before the form is sent, so that browsers still treat it as
    // a password.
    for (const button of all("[data-reveal]")) {
        const field = document.getElementById(button.dataset.reveal);
        const show = (isShown) => {
            field.type = isShown ? "text" : "password";
            button.setAttribute("aria-pressed", isShown);
        };
        button.addEventListener("click", () => show(field.type === "password"));
        field.form.addEventListener("submit", () => show(false));
        button.hidden = false;
    }

    // Recovery codes can be copied, printed, or saved as a file that is created here. Nothing is sent.
    const list = document.querySelector("[data-heading]");
    if (list) {
        const text = [list.dataset.heading, "", ...all("[data-heading] code").map((code) => code.innerText), ""].join("\n");
        const [copy] = all("[data-copy]");
        copy.hidden = !navigator.clipboard;
        copy.addEventListener("click", async () => {
            await navigator.clipboard.writeText(text);
            document.querySelector("[role=status]").innerText = copy.dataset.copy;
        });
        const [download] = all("[data-download]");
        download.addEventListener("click", () => {
            const link = document.createElement("a");
            link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
            link.download = download.dataset.download;
            link.click();
            URL.revokeObjectURL(link.href);
        });
        all("[data-print]")[0].addEventListener("click", () => print());
        all("[data-keep]")[0].hidden = false;
    }

    // Each of these frames signs the user out of one application. The page goes on when all have loaded, or after five
    // seconds. Without this script, the frames start by themselves, and the page goes on in any case.
    const frames = all("iframe[srcdoc]").map((frame) => new Promise((loaded) => {
        frame.addEventListener("load", loaded);
        // What remains is `src`.
        frame.removeAttribute("srcdoc");
    }));
    const [onward] = all("[data-onward] a");
    if (onward) {
        const tooLate = new Promise((passed) => setTimeout(passed, 5000));
        Promise.race([Promise.all(frames), tooLate]).then(() => location.replace(onward.href));
    }

    // Times of day come in UTC, and are shown in the user's time zone.
    for (const time of all("time[data-clock]")) {
        const moment = new Date(time.dateTime);
        const year = moment.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
        const form = { year, month: "long", day: "numeric", hour: "numeric", minute: "2-digit" };
        time.innerText = moment.toLocaleString(document.documentElement.lang, form);
    }
})();
