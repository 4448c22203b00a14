// Answers clients in the windows around this frame: "unchanged", "changed" or "error" (OpenID Connect Session
// Management §3.2).
"use strict";
const { cookie, origins } = document.body.dataset;

// Read for each question, because the cookie changes when someone signs in or out.
const browserState = () => {
    const pair = document.cookie.split("; ").find((pair) => pair.startsWith(`${cookie}=`));
    return pair?.slice(cookie.length + 1);
};

const hash = async (text) => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    const base64 = btoa(String.fromCharCode(...new Uint8Array(digest)));
    return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const answer = async (question, origin) => {
    const [client, shown, ...rest] = typeof question === "string" ? question.split(" ") : [];
    const salt = shown?.split(".")[1];
    const state = browserState();
    if (!salt || rest.length > 0 || !origins.split(" ").includes(origin)) return "error";
    // The browser hides the cookie from frames on other sites. After "changed", the client would ask forever.
    if (!state) return "error";
    return shown === `${await hash(`${client} ${origin} ${state} ${salt}`)}.${salt}` ? "unchanged" : "changed";
};

addEventListener("message", async ({ data, origin, source }) => {
    // A window without an origin of its own can't be addressed, and "*" would let anyone read the answer.
    if (origin === "null") return;
    source?.postMessage(await answer(data, origin).catch(() => "error"), origin);
});
