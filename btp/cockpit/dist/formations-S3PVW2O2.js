import{d as o}from"./chunk-V5KZCUB3.js";function n(){return o("section",{class:"page",children:o("h1",{children:"formations"})})}export{n as Page};
