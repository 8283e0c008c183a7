import{d as e}from"./chunk-V5KZCUB3.js";function n(){return e("section",{class:"page",children:e("h1",{children:"runtime"})})}export{n as Page};
