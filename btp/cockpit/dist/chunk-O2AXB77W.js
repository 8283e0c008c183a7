import{r as t}from"./chunk-FOKUJGGY.js";var o;async function d(){return o=await t("/cockpit/words.json"),o}var i=()=>o,s=()=>o.edition;export{d as a,i as b,s as c};
