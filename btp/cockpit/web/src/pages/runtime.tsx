export function Page() { return <section class="page"><h1>runtime</h1></section>; }
