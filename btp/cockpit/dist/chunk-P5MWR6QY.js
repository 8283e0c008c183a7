import{s as t}from"./chunk-6M3N5KBG.js";var o;async function d(){return o=await t("/cockpit/words.json"),o}var i=()=>o,s=()=>o.edition;export{d as a,i as b,s as c};
