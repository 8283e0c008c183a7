export function Page() { return <section class="page"><h1>formation</h1></section>; }
