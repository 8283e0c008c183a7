export function Page() { return <section class="page"><h1>formations</h1></section>; }
