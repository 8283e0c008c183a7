export function Page() { return <section class="page"><h1>overview</h1></section>; }
