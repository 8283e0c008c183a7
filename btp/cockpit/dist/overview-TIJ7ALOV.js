import{d as e}from"./chunk-V5KZCUB3.js";function o(){return e("section",{class:"page",children:e("h1",{children:"overview"})})}export{o as Page};
