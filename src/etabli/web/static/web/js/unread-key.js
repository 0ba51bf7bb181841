/* A passkey or a security key that could not be read is told in the page: the login library only writes it in the
   console. The exceptions are those of WebAuthn (W3C Web Authentication Level 3, §5.1.3 and §5.1.4). */
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const card = document.querySelector("main .card");
  const told = document.getElementById("key-not-read").content.querySelector(`[data-why=${why(event.detail.exception)}]`);
  card.querySelector("[data-why]")?.remove();
  card.querySelector("h1").after(told.cloneNode(true));
});

function why({ name }) {
  // An address that is an IP, or is not safe: refused, or the whole interface is absent.
  if (!window.PublicKeyCredential || name === "SecurityError") return "place";
  return name === "InvalidStateError" ? "known" : "other";
}
