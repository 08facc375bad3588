const form = document.getElementById("form");
const greeting = document.getElementById("greeting");

async function greet() {
  try {
    const reply = await fetch("/greeting?" + new URLSearchParams(new FormData(form)));
    greeting.textContent = (await reply.json()).greeting;
  } catch {
    greeting.textContent = "The server does not answer.";
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  greet();
});
greet();
