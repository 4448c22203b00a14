// Asks the browser for a passkey and submits the result with the page's form. The form stays hidden in browsers without
// passkey support, and the rest of the page works without it.
"use strict";
(() => {
    const form = document.querySelector("form[data-passkey]");
    const creates = form?.dataset.passkey === "create";
    const browser = window.PublicKeyCredential;
    const parse = creates ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
    if (!form || !browser?.[parse]) return;
    const problem = form.querySelector("[data-passkey-problem]");
    const button = form.querySelector("button");
    let waiting = new AbortController();
    form.hidden = false;

    const ask = async (mediation) => {
        waiting = new AbortController();
        const options = {
            publicKey: browser[parse](JSON.parse(form.dataset.options)),
            signal: waiting.signal,
        };
        if (mediation) options.mediation = mediation;
        const credential = await (creates ? navigator.credentials.create(options) : navigator.credentials.get(options));
        form.elements.credential.value = JSON.stringify(credential.toJSON());
        form.submit();
    };

    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        waiting.abort();
        problem.hidden = true;
        button.disabled = true;
        try {
            await ask();
        } catch {
            // The reason doesn't matter: the user may simply have canceled.
            problem.hidden = false;
            button.disabled = false;
            offer();
        }
    });

    // Autofill: the browser suggests passkeys in the username field.
    const offer = async () => {
        if (form.dataset.passkey !== "autofill") return;
        if (await browser.isConditionalMediationAvailable?.()) ask("conditional").catch(() => {});
    };
    offer();
})();
